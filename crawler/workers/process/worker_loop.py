"""What a worker process does all day: fetch and parse what it is given, and say what came of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from crawler.errors import CallbackError
from crawler.messages import StoredCookie
from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.workers.inline import InlineWorkers, Visits
from crawler.workers.process.channel import Channel
from crawler.workers.process.known_links import KnownLinks
from crawler.workers.process.messages import (
    Admit,
    Bye,
    Fetch,
    Learn,
    Leave,
    Offloaded,
    Order,
    Report,
    pack,
)


class Duties(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker process is made of.

    Attributes:
        visits: Fetches and parses.
        concurrency: Requests in flight at most.
        texts: URLs whose text the trap guard asks for, kept by the loop.
        known: Leaves out links that the parent knows; None sends every link.
        kept_bodies: Bodies of failed pages sent on, of each class of error,
        body_size: and bytes of each.
        admit: Lets a host into the scope.
        learn: Takes in cookies of other workers.
        offloaded: Takes in the answer to a call of `self.offload`.
        leave: Closes the spider, and gives the last word.
    """

    visits: Visits[Any]
    concurrency: int
    texts: set[str]
    known: KnownLinks | None
    kept_bodies: int
    body_size: int
    admit: Callable[[str], None]
    learn: Callable[[Iterable[StoredCookie]], None]
    offloaded: Callable[[Offloaded], None]
    leave: Callable[[str], Awaitable[Bye]]


class WorkerLoop:
    """The day of one worker process.

    Args:
        duties: What it is made of.
        channel: Leads to the parent.
    """

    def __init__(self, duties: Duties, channel: Channel[Report, Order]) -> None:
        self._duties = duties
        self._channel = channel
        self._bodies: Counter[str | None] = Counter()
        gate = asyncio.Semaphore(duties.concurrency)
        self._workers = InlineWorkers(duties.visits, gate, self._deliver)

    async def run(self) -> bool:
        """Work until told to leave.

        Returns:
            False when the parent is gone.
        """
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self._workers.run())
            reason = await self._listen()
            self._workers.stop(at_once=reason is None)
            await working
        if reason is None:
            return False
        self._channel.say(await self._duties.leave(reason))
        await self._channel.drain()
        return True

    async def _listen(self) -> str | None:
        """Do what the parent says; return why it wants us to leave, None when it is gone."""
        while orders := await self._channel.hear():
            for order in orders:
                match order:
                    case Fetch(request, wants_text):
                        if wants_text:
                            self._duties.texts.add(request.url)
                        self._workers.submit(request)
                    case Admit(hosts):
                        for host in hosts:
                            self._duties.admit(host)
                    case Learn(cookies):
                        self._duties.learn(cookies)
                    case Offloaded():
                        self._duties.offloaded(order)
                    case Leave(reason):
                        return reason
        return None

    def _deliver(self, outcome: PageOutcome) -> None:
        request = outcome.request
        self._duties.texts.discard(request.url)
        self._leave_out_known(outcome)
        self._cut_body(outcome)
        try:
            ended = pack(outcome)
        except CallbackError as error:  # the items were encoded before: hardly ever
            ended = pack(
                PageOutcome(
                    request=request, state=State.FAILED, reason=ErrorClass.CALLBACK,
                    error=str(error), status=outcome.status, links=outcome.links,
                )
            )  # fmt: skip
        self._channel.say(ended)

    def _leave_out_known(self, outcome: PageOutcome) -> None:
        known = self._duties.known
        if known is not None and outcome.links:
            depth = outcome.request.depth + 1
            batches = [known.unsent(batch, depth) for batch in outcome.links]
            outcome.links = [batch for batch in batches if batch is not None]

    def _cut_body(self, outcome: PageOutcome) -> None:
        """Send no more of bodies than is going to be kept."""
        if outcome.body is None:
            return
        self._bodies[outcome.reason] += 1
        kept = self._bodies[outcome.reason] <= self._duties.kept_bodies
        outcome.body = outcome.body[: self._duties.body_size] if kept else None
