"""Keeps the frontier's window filled from the store, beside the dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crawler.engine.host_health import given_up_words
from crawler.engine.parts import Parts
from crawler.interfaces import HostEnd
from crawler.outcome import ErrorClass, State

#: Retries asked for at once.
DUE_ROWS = 256
#: Retries and requests on their way above which no more retries are brought into memory.
ENOUGH_RETRIES = 4_096
#: Seconds until the store is asked for retries again when there were enough.
LOOK_AGAIN = 1.0


class Refill:
    """Looks into the store, one look at a time.

    The dispatcher goes on sending meanwhile: an answer of the store may have to wait for a commit.

    Args:
        parts: Of the crawl.
        came: Called after each look.
    """

    def __init__(self, parts: Parts, came: Callable[[], None]) -> None:
        self._frontier = parts.frontier
        self._store = parts.store
        self._grant = parts.opened.grant
        self._clock = parts.clock
        self._hosts = parts.hosts
        self._tally = parts.tally
        # Of a manifest each row is to have its line, so that each must come by.
        self._ends_unseen = parts.file_line is None
        self._came = came
        self._looking = False
        self.next_due = parts.opened.next_due

    @property
    def idle(self) -> bool:
        """No look is under way, and no retry waits in the store."""
        return not self._looking and self.next_due is None

    def note_due(self, due: float | None) -> None:
        """Note that a retry which is in the store now is due at a wall-clock second."""
        if due is not None and (self.next_due is None or due < self.next_due):
            self.next_due = due

    def seconds_to_due(self) -> float | None:
        """Return the seconds until the store is to be asked for retries."""
        if self._looking or self.next_due is None:
            return None
        return self.next_due - self._clock.wall()

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Begin a look if something is lacking and none is under way."""
        if self._looking:
            return
        name = self._frontier.hungry()
        if name is not None or self._is_due():
            self._looking = True
            group.create_task(self._look(name))

    def _is_due(self) -> bool:
        return self.next_due is not None and self.next_due <= self._clock.wall()

    async def _look(self, name: str | None) -> None:
        while name is not None:
            await self._fill(name)
            name = self._frontier.hungry()
        if self._is_due():
            await self._fetch_due()
        self._looking = False
        self._came()

    async def _fill(self, name: str) -> None:
        frontier = self._frontier
        await self._end_given_up(name)
        size, leave = frontier.refill_size(), frontier.leave(name)
        rows = await self._store.take(self._grant, name, size, leave)
        frontier.refill(name, rows, asked=size, now=self._clock.monotonic())
        self._came()

    async def _end_given_up(self, name: str) -> None:
        """End what waits for a host that is given up, without bringing it into memory."""
        health = self._hosts.health(name)
        if not (health.given_up and self._ends_unseen):
            return
        end = HostEnd(state=State.DEAD, reason=ErrorClass.UNAVAILABLE, error=given_up_words(health))
        ended = end.limit
        while ended == end.limit:
            leave = self._frontier.leave(name)
            ended = await self._store.end_ready(self._grant, name, end, leave)
            self._tally.count_ended(end.reason, ended)

    async def _fetch_due(self) -> None:
        wall, leave = self._clock.wall(), self._frontier.leave_retries()
        if len(leave) >= ENOUGH_RETRIES:
            self.next_due = wall + LOOK_AGAIN
            return
        self.next_due = None  # a commit that ends meanwhile sets it anew
        rows, due = await self._store.due(self._grant, wall, DUE_ROWS, leave)
        self.note_due(due)
        now = self._clock.monotonic()
        for request in rows:
            self._frontier.push_retry(request, now)
