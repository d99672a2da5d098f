"""Takes snapshots of a crawl for a person who watches. Imported once there is one to be shown."""

from __future__ import annotations

from crawler.app.run.process_figures import rss_bytes
from crawler.app.run.watched import Watched
from crawler.engine.bottleneck import RecentBottleneck
from crawler.engine.queue_view import QueueView
from crawler.observe.snapshot import SlowestHost, Snapshot

#: Hosts with work that may be looked at per second, for the longest queue.
_HOSTS_PER_SECOND = 4_000


class Observer:
    """Takes snapshots of a crawl."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._recent = RecentBottleneck(watched.wired.crawl.bottleneck)
        self._view: QueueView | None = None
        self._look_again = 0.0

    def look(self, *, stopping: bool) -> Snapshot:
        """Return where the crawl stands; whether it was told to stop, others know."""
        seen, now = self._watched, self._watched.clock.monotonic()
        crawl, tally, scope = seen.wired.crawl, seen.wired.tally, seen.job.scope
        books, view, elapsed = seen.store.books(), self._queues(now), now - seen.begun
        most, longest = scope.max_pages, scope.max_runtime
        worked = tally.worked + elapsed
        state = "stopping" if stopping else "paused" if crawl.paused else "running"
        staff, host, memory = seen.wired.staff, view.slowest, crawl.sight.parts.memory
        return Snapshot(
            job=seen.job.name, at=now, elapsed=elapsed, state=state, books=books,
            items=tally.items_out,
            quarantined=sum(kind.quarantined for kind in tally.items.values()),
            bytes=tally.wire_bytes, errors=tally.errors, in_flight=crawl.in_flight,
            concurrency=seen.job.fetch.concurrency, queued=view.queued, ready=view.ready,
            slowest=None if host is None else SlowestHost(
                name=host.name, queued=host.queued, more=host.more, delay=host.delay,
                seconds=host.seconds,
            ),
            limited_by=self._recent.shares(now, seen.meter.busy(staff.count, staff.pids)),
            memory=rss_bytes(staff.pids),
            memory_limit=None if memory is None else memory.limit,
            short_of_memory=memory is not None and memory.most is not None,
            starts_known=crawl.starts_pulled,
            pages_left=None if most is None else max(0, most - books.done),
            seconds_left=None if longest is None else longest - worked,
        )  # fmt: skip

    def _queues(self, now: float) -> QueueView:
        """Look at the queues, less often where there are very many."""
        if self._view is None or now >= self._look_again:
            self._view = self._watched.wired.crawl.queues()
            self._look_again = now + self._view.hosts / _HOSTS_PER_SECOND
        return self._view
