"""Who fetches and parses in a run: this process, or several of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.app.job.incremental import recognition_of
from crawler.app.run.worker_count import worker_count
from crawler.app.run.workplace import Workplace
from crawler.spider.spider_state import SpiderState
from crawler.workers.barren_pages import BarrenPages
from crawler.workers.inline import InlineWorkers, Visits
from crawler.workers.visit import Visitor

if TYPE_CHECKING:
    from crawler.workers.process.process_workers import ProcessWorkers


class Staff:
    """The workers of a run.

    Args:
        place: What there is to work with.

    Attributes:
        count: Processes that fetch and parse.
        workers: They.
        peak_rss: Of each worker process that left in peace, its peak size in bytes.
    """

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._lag: list[tuple[float, float]] = []
        self.peak_rss: list[int] = []
        spiders = place.spiders
        self.count = worker_count(place.loaded, spiders.spider if spiders.is_class else None)
        self._team: ProcessWorkers | None = None
        self.workers: InlineWorkers | ProcessWorkers
        if self.count == 1:
            self.workers = _inline(place)
        else:
            # Most jobs have no use for it.
            from crawler.app.run.worker_team import Team

            self.workers = self._team = Team(place).workers(self.count)

    @property
    def pids(self) -> list[int]:
        """The worker processes that are there; none where this process does the work."""
        return [] if self._team is None else self._team.pids

    async def start(self) -> None:
        """Start the processes, if there are any.

        Raises:
            ConfigError: The job cannot be set up in a process of its own.
            WorkersError: A process did not come up.
        """
        if self._team is not None:
            await self._team.start()

    async def leave(self, reason: str) -> None:
        """Let worker processes close their spiders and end, once the crawl is over."""
        if self._team is None:
            return
        for bye in await self._team.leave(reason):
            self._lag.append((bye.lag_p99, bye.lag_max))
            self.peak_rss.append(bye.peak_rss)
            if bye.problem:
                self._place.recorder.note(bye.problem)

    async def close(self) -> None:
        """End every process that is still there."""
        if self._team is not None:
            await self._team.close()

    def lateness(self) -> dict[str, float]:
        """Return how late the latest of the event loops was: `p99` and `max`, in seconds."""
        probe = self._place.backend.probe
        own = (probe.percentile(0.99), probe.worst)
        p99, worst = (max(seconds) for seconds in zip(own, *self._lag, strict=True))
        return {"p99": round(p99, 3), "max": round(worst, 3)}


def _inline(place: Workplace) -> InlineWorkers:
    """Return workers on this process's own loop."""
    state = SpiderState(place.spiders.spider, place.opened.spider_state)
    callbacks, traps = place.backend.callbacks, place.traps
    visitor = Visitor(
        place.fetcher, place.parser, callbacks, state, place.retry, callbacks.expired,
        BarrenPages(traps.wants_text, traps.counts_pages), recognition_of(place.loaded),
        place.bodies,
    )  # fmt: skip
    visits: Visits[Any] = place.backend.visits(visitor)
    if place.files is not None and place.errands is not None:
        from crawler.workers.item_files import ItemFileVisitor

        visits = ItemFileVisitor(visits, place.errands, place.files, place.retry)
    elif place.files is not None:
        from crawler.workers.file_visit import FileVisitor

        visits = FileVisitor(visits, place.patient, place.parser, place.files)
    crawl = place.crawl
    workers = InlineWorkers(visits, place.gate, crawl.deliver, crawl.hand_back)
    if place.patience is not None:
        place.patience.begin(crawl, workers)
    return workers
