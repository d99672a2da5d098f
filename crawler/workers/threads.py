"""The threads backend: fetches in the threads of a dispatcher, callbacks on the spider's thread.

The engine, the frontier and the commits stay on the event loop of the main thread; what is handed
over, in either direction, is a value that nobody else has any more.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from crawler.dispatch import Dispatcher, Task
from crawler.messages import FetchRequest, HttpResponse, QueuedRequest
from crawler.outcome import PageOutcome
from crawler.workers.spider_thread import SpiderThread
from crawler.workers.visit import Answer, Visitor


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
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[HttpResponse] = loop.create_future()

        def done(task: Task[HttpResponse]) -> None:
            loop.call_soon_threadsafe(_settle, answer, task)

        task = self._dispatcher.submit(self._inner.fetch, request)
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


def _settle(answer: asyncio.Future[HttpResponse], task: Task[HttpResponse]) -> None:
    if answer.done():
        return  # cancelled meanwhile
    error = task.exception(0)
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result(0))


class ThreadedVisitor:
    """A visitor whose callbacks run on the spider's thread.

    Args:
        visitor: Fetches and parses.
        thread: The spider's.
    """

    def __init__(self, visitor: Visitor, thread: SpiderThread) -> None:
        self._visitor = visitor
        self._thread = thread

    async def fetch(self, request: QueuedRequest) -> Answer:
        """See `Visitor.fetch`."""
        return await self._visitor.fetch(request)

    async def conclude(self, request: QueuedRequest, answer: Answer) -> PageOutcome:
        """See `Visitor.conclude`."""
        return await self._thread.call(self._visitor.conclude(request, answer))
