"""What `run.backend` decides: where callbacks run, and how many requests may be in flight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from crawler.app.run.heaps import give_back, share_heaps
from crawler.config.models.job import Job
from crawler.engine.lag_probe import LagProbe
from crawler.interfaces import Clock, CrashGuard
from crawler.spider.page_parser import PageParser, Started
from crawler.storage.slot_file import NoGuard
from crawler.workers.callback_watch import CallbackWatch
from crawler.workers.inline import Visits
from crawler.workers.visit import Answer, Visitor

if TYPE_CHECKING:
    from crawler.workers.spider_thread import SpiderThread


class Backend:
    """The event loop alone, or the spider's thread beside it.

    Args:
        job: Says which.
        guard: Is told of callbacks.
        clock: The time.
        stalled: Is told of callbacks that keep the loop.

    Attributes:
        guard: What callbacks are to be told to.
        callbacks: The same; knows which of them run.
        probe: Measures the loop; to be run beside the crawl.
        concurrency: Requests that may be in flight.
    """

    def __init__(
        self,
        job: Job,
        guard: CrashGuard,
        clock: Clock,
        stalled: Callable[[list[int], float], None],
    ) -> None:
        give_back()
        self._thread = _spider_thread() if job.run.backend == "threads" else None
        self.concurrency = job.fetch.concurrency
        if self._thread is None:
            self.probe = LagProbe(guard, clock, stalled)
            inner: CrashGuard = self.probe
        else:
            share_heaps()
            # Callbacks on a thread of their own hold nobody up.
            self.probe = LagProbe(NoGuard(), clock, stalled)
            inner = guard
            # No more than there are threads to wait for them.
            self.concurrency = min(self.concurrency, job.run.threads)
        self.guard = self.callbacks = CallbackWatch(
            inner, clock.monotonic, job.run.callback_timeout
        )

    def starts(self, parser: PageParser) -> AsyncIterator[Started]:
        """Return what the crawl begins with, the spider's code run where it belongs."""
        given = parser.start()
        return given if self._thread is None else self._thread.pull(given)

    def visits(self, visitor: Visitor) -> Visits[Answer]:
        """Return a visitor whose callbacks run where they belong."""
        if self._thread is None:
            return visitor
        from crawler.workers.threads import ThreadedFetcher, ThreadedVisitor

        assert isinstance(visitor.fetcher, ThreadedFetcher)  # so it is with this backend
        return ThreadedVisitor(visitor, self._thread, visitor.fetcher)

    async def close(self) -> None:
        """End the spider's thread."""
        if self._thread is not None:
            await asyncio.to_thread(self._thread.stop)


def _spider_thread() -> SpiderThread:
    from crawler.workers.spider_thread import SpiderThread

    thread = SpiderThread()
    thread.start()
    return thread
