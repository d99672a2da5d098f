"""The threads backend: fetches in the threads of a dispatcher, callbacks on the spider's thread.

The engine, the frontier and the commits stay on the event loop of the main thread; what is handed
over, in either direction, is a value that nobody else has any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from crawler.dispatch import Dispatcher, Task
from crawler.messages import FetchRequest, HttpResponse, QueuedRequest
from crawler.outcome import PageOutcome
from crawler.workers.shared_state import SharedState
from crawler.workers.spider_thread import SpiderThread
from crawler.workers.visit import Answer, Visitor

T = TypeVar("T")
R = TypeVar("R")


class BlockingFetcher(Protocol):
    """A `Fetcher` for threads: it blocks, and any number of threads may use it at once."""

    def fetch(self, request: FetchRequest) -> HttpResponse:
        """See `Fetcher.fetch`."""
        ...

    def close(self) -> None:
        """See `Fetcher.close`; fetches that are under way end at once."""
        ...


class ThreadedFetcher:
    """A `Fetcher` whose requests are sent by threads.

    Args:
        inner: Sends them.
        threads: How many at once.
    """

    def __init__(self, inner: BlockingFetcher, threads: int) -> None:
        self._inner = inner
        # The engine has no more in flight than there are threads, so that a submit never waits.
        self._dispatcher = Dispatcher(threads, capacity=4 * threads, name="fetch")

    async def fetch(self, request: FetchRequest) -> HttpResponse:
        """See `Fetcher.fetch`."""
        return await self.run(self._inner.fetch, request)

    async def run(self, function: Callable[[T], R], argument: T) -> R:
        """Run a function of one argument in one of the threads."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()

        def done(task: Task[R]) -> None:
            loop.call_soon_threadsafe(_settle, answer, task)

        task = self._dispatcher.submit(function, argument)
        task.add_done_callback(done)
        try:
            return await answer
        except asyncio.CancelledError:
            task.cancel()
            raise

    async def close(self) -> None:
        """See `Fetcher.close`."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._inner.close()
        self._dispatcher.stop(drain=False)


def _settle(answer: asyncio.Future[R], task: Task[R]) -> None:
    if answer.done():
        return  # cancelled meanwhile
    error = task.exception(0)
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result(0))


class ThreadedVisitor:
    """A visitor whose callbacks run on the spider's thread, or at once where it says that it can.

    Args:
        visitor: Fetches and parses.
        thread: The spider's.
        fetcher: Has the threads for plain callbacks of a spider that is `thread_safe`.
    """

    def __init__(self, visitor: Visitor, thread: SpiderThread, fetcher: ThreadedFetcher) -> None:
        self._thread = thread
        self._fetcher = fetcher
        self._state: SharedState | None = None
        if visitor.parser.spider.thread_safe:
            self._state = SharedState(visitor.state)
            visitor = msgspec.structs.replace(visitor, state=self._state)
        self._visitor = visitor

    async def fetch(self, request: QueuedRequest) -> Answer:
        """See `Visitor.fetch`."""
        return await self._visitor.fetch(request)

    async def conclude(self, request: QueuedRequest, answer: Answer) -> PageOutcome:
        """See `Visitor.conclude`."""
        if self._state is None:
            return await self._thread.call(self._visitor.conclude(request, answer))
        if self._visitor.parser.is_plain(request):
            outcome = await self._fetcher.run(self._at_once, (request, answer))
        else:
            outcome = await self._thread.call(self._visitor.conclude(request, answer))
        if outcome.spider_state is not None:
            # Another page may have been sooner here with what is later.
            outcome.spider_state = self._state.newest
        return outcome

    def _at_once(self, page: tuple[QueuedRequest, Answer]) -> PageOutcome:
        """Run a coroutine that never has to wait; it may offer to let others go on."""
        work = self._visitor.conclude(*page)
        try:
            while work.send(None) is None:
                pass  # this thread has nobody else who could
        except StopIteration as end:
            outcome: PageOutcome = end.value
            return outcome
        work.close()
        raise RuntimeError("a plain callback does not wait")
