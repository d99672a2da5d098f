"""Requests for robots.txt on their way, each in the place and time of a page of its host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crawler.engine.parts import Parts
from crawler.engine.turns import Turns
from crawler.messages import QueuedRequest


class RobotsErrands:
    """Asks for robots.txt beside the dispatcher; a host is held meanwhile.

    Args:
        parts: Of the crawl.
        turns: Of its requests among those of other jobs.
        came: Called when an answer is there.
    """

    def __init__(self, parts: Parts, turns: Turns, came: Callable[[], None]) -> None:
        self._parts = parts
        self._turns = turns
        self._came = came
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._since: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def asked(self) -> list[tuple[str, float]]:
        """Return the hosts that are asked, each with the monotonic second since when."""
        return list(self._since.items())

    def begin(self, request: QueuedRequest, host: str, group: asyncio.TaskGroup) -> None:
        """Ask for the robots.txt that a request waits for.

        Args:
            request: The page's.
            host: Who is asked, mostly the page's own: a redirect may have led elsewhere.
            group: Runs the task.
        """
        self._parts.frontier.hold(request.host)
        self._since[request.host] = self._parts.clock.monotonic()
        self._tasks[request.host] = group.create_task(self._ask(request, host))

    def cancel(self) -> None:
        """Give up what is on its way: its pages are not going to be sent."""
        for task in self._tasks.values():
            task.cancel()

    async def _ask(self, request: QueuedRequest, asked_host: str) -> None:
        parts = self._parts
        frontier, hosts, robots, clock = parts.frontier, parts.hosts, parts.robots, parts.clock
        name, sent = request.host, clock.monotonic()
        # The page's own host is held, and its delay begins below.
        frontier.spend(asked_host, sent)
        pause = 0.0
        try:
            asked = await robots.fetch(request)
            pause, sent = asked.pause, asked.asked_at or sent
        finally:
            del self._tasks[name], self._since[name]
            # The pause after robots.txt is as long as it asks itself.
            frontier.host(name).delay = hosts.delay(name)
            frontier.spend(name, sent)
            self._turns.end(asked_host, sent, clock.monotonic())
            frontier.release(name)
            self._came()
        if pause:
            pause = hosts.leave_alone(name, pause, clock.wall())
            now = clock.monotonic()
            frontier.pause(name, now + pause)
            self._turns.leave_alone(name, now + pause, now)
