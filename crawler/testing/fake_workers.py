"""Workers that neither fetch nor parse: outcomes by a script, in the time of a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crawler.interfaces import Clock, Deliver
from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome

#: Says what becomes of a request.
Judge = Callable[[QueuedRequest], PageOutcome]


class FakeWorkers:
    """`crawler.interfaces.Workers` for tests of an engine.

    Args:
        clock: Its time passes while a request is on its way.
        judge: Makes the outcome as the request ends; an exception of it ends `run`.
        deliver: Takes the outcomes.
        takes: Seconds that each request takes.

    Attributes:
        submitted: Every request, in order.
        most: The most requests that were ever in flight at once.
    """

    def __init__(self, clock: Clock, judge: Judge, deliver: Deliver, *, takes: float = 0.0) -> None:
        self._clock = clock
        self._judge = judge
        self._deliver = deliver
        self._takes = takes
        self._queue: asyncio.Queue[QueuedRequest | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.submitted: list[QueuedRequest] = []
        self.most = 0

    def submit(self, request: QueuedRequest) -> None:
        """See `Workers.submit`."""
        self.submitted.append(request)
        self._queue.put_nowait(request)

    async def run(self) -> None:
        """See `Workers.run`."""
        async with asyncio.TaskGroup() as group:
            while (request := await self._queue.get()) is not None:
                task = group.create_task(self._work(request))
                self._tasks.add(task)
                self.most = max(self.most, len(self._tasks))
                task.add_done_callback(self._tasks.discard)

    def stop(self, *, at_once: bool = False) -> None:
        """See `Workers.stop`."""
        self._queue.put_nowait(None)
        if at_once:
            for task in self._tasks:
                task.cancel()

    async def _work(self, request: QueuedRequest) -> None:
        if self._takes > 0:
            await self._clock.sleep(self._takes)
        self._deliver(self._judge(request))
