"""Workers on the event loop itself: the default, and the fastest for pages that parse quickly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from crawler.errors import HandBack
from crawler.fail_points import reached
from crawler.interfaces import Deliver
from crawler.messages import HttpResponse, QueuedRequest
from crawler.outcome import PageOutcome

AnswerT = TypeVar("AnswerT")
HandedBack = Callable[[QueuedRequest], None]

#: Bytes of a page from which on reading it may take long. Several at once would keep the loop, and
#: with it every other host, for as long as all of them take.
_HEAVY = 1 << 20
#: Seconds that others have for themselves after such a page, at most.
_LONGEST_REST = 1.0


class Visits(Protocol[AnswerT]):
    """Fetches and parses; see `crawler.workers.visit.Visitor`.

    Either may raise HandBack: the request is to go out again.
    """

    async def fetch(self, request: QueuedRequest) -> AnswerT:
        """Return the answer, or why there is none."""
        ...

    async def conclude(self, request: QueuedRequest, answer: AnswerT) -> PageOutcome:
        """Turn what `fetch` returned into an outcome."""
        ...


class InlineWorkers:
    """`Workers` as tasks of one loop.

    Args:
        visitor: Fetches and parses.
        gate: The crawl's semaphore: requests in flight over all hosts. It is held while a page is
            fetched, and by nothing that waits for anything else.
        deliver: Takes the outcomes.
        hand_back: Takes requests back that are to go out again; None where no visit says so.
    """

    def __init__(
        self,
        visitor: Visits[Any],
        gate: asyncio.Semaphore,
        deliver: Deliver,
        hand_back: HandedBack | None = None,
    ) -> None:
        self._visitor = visitor
        self._gate = gate
        self._deliver = deliver
        self._hand_back = hand_back
        self._group: asyncio.TaskGroup
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = asyncio.Event()
        self._stopped = asyncio.Event()
        self._heavy = asyncio.Lock()
        self._waiting: list[QueuedRequest] = []

    def submit(self, request: QueuedRequest) -> None:
        """See `Workers.submit`."""
        if not self._started.is_set():
            self._waiting.append(request)
            return
        task = self._group.create_task(self._visit(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """See `Workers.run`."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._started.set()
            for request in self._waiting:
                self.submit(request)
            self._waiting.clear()
            await self._stopped.wait()

    def stopped(self) -> bool:
        """Tell whether what is under way is the last."""
        return self._stopped.is_set()

    def stop(self, *, at_once: bool = False) -> None:
        """See `Workers.stop`."""
        self._stopped.set()
        if at_once:
            for task in self._tasks:
                task.cancel()

    async def _visit(self, request: QueuedRequest) -> None:
        reached("page.before")
        try:
            async with self._gate:
                answer = await self._visitor.fetch(request)
        except HandBack:
            self._back(request)
            return
        if isinstance(answer, HttpResponse) and len(answer.body) > _HEAVY:
            outcome = await self._conclude_in_turn(request, answer)
        else:
            outcome = await self._concluded(request, answer)
        if outcome is None:
            self._back(request)
            return
        reached("page.after")
        self._deliver(outcome)

    def _back(self, request: QueuedRequest) -> None:
        assert self._hand_back is not None  # such visits come with it
        self._hand_back(request)

    async def _concluded(self, request: QueuedRequest, answer: object) -> PageOutcome | None:
        """Return the outcome, None for a request that is to go out again."""
        try:
            return await self._visitor.conclude(request, answer)
        except HandBack:
            return None

    async def _conclude_in_turn(self, request: QueuedRequest, answer: object) -> PageOutcome | None:
        """Read a page that may take long, then let all others go on for as long as that took.

        The next one may begin as soon as this one ends, or waits for anything.
        """
        loop = asyncio.get_running_loop()
        async with self._heavy:
            begun = loop.time()
            reading = self._group.create_task(self._concluded(request, answer))
            try:
                await asyncio.sleep(0)  # it runs now
                await asyncio.sleep(min(loop.time() - begun, _LONGEST_REST))
            except asyncio.CancelledError:
                reading.cancel()
                raise
        return await reading
