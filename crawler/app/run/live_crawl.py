"""A crawl that goes on: shown, watched, paused and stopped while it does."""

from __future__ import annotations

import asyncio

import msgspec

from crawler.app.run.memory_keeper import MemoryKeeper
from crawler.app.run.pausing import Pausing
from crawler.app.run.progress import Progress, may_share_terminal
from crawler.app.run.run_pause import RunPause
from crawler.app.run.run_report import RunReport
from crawler.app.run.spider_offload import SpiderOffload
from crawler.app.run.streams import Streams
from crawler.app.run.watch import Watch
from crawler.app.run.watched import Watched
from crawler.engine.crawl import End
from crawler.observe.console import QUIET, Console


class Shown(msgspec.Struct, frozen=True):
    """Where a crawl is shown.

    Attributes:
        prints: Items go to standard output.
    """

    console: Console
    streams: Streams
    prints: bool


class LiveCrawl:
    """Everything that runs beside a crawl, from its first request to its last.

    Args:
        watched: The crawl.
        report: Of the run.
        shown: Where.
        offload: What its spider offloads with; None for nothing.

    Attributes:
        pausing: Pauses it.
        watch: Looks at it.
    """

    def __init__(
        self, watched: Watched, report: RunReport, shown: Shown, offload: SpiderOffload | None
    ) -> None:
        self._watched = watched
        self._report = report
        self._shown = shown
        self._progress: Progress | None = None
        self.pausing = Pausing(watched.wired.crawl, self._tell)
        self.watch = Watch(watched, offload, self._tell)

    async def until_end(self) -> End:
        """Crawl to the end."""
        wired, bodies = self._watched.wired, self._report.bodies
        with self._show() as progress:
            async with asyncio.TaskGroup() as group:
                group.create_task(bodies.run())
                runs = [progress.run(), self.watch.run(), wired.probe.run()]
                runs += [keeper.run() for keeper in self._keepers()]
                runs += [pause.run() for pause in self._pauses()]
                beside = [group.create_task(one) for one in runs]
                end = await wired.crawl.run(wired.staff.workers)
                for task in beside:
                    task.cancel()
                await bodies.close()
        return end

    def _keepers(self) -> list[MemoryKeeper]:
        """Return what keeps the limit of memory, if there is one."""
        memory = self._watched.wired.crawl.sight.parts.memory
        return [] if memory is None else [MemoryKeeper(self._watched, memory, self._tell)]

    def _pauses(self) -> list[RunPause]:
        """Return what pauses the run when its time is over, if there is such a time."""
        watched, most = self._watched, self._watched.job.schedule.max_runtime
        if most is None or watched.job.run.durability == "off":
            return []
        crawl, clock = watched.wired.crawl, watched.clock
        return [RunPause(crawl, most, watched.begun, clock, self._say)]

    def stop(self, reason: str) -> None:
        """Stop the crawl, as whoever watches can see."""
        if self._progress is not None:
            self._progress.stopping()
        self._watched.wired.crawl.stop(reason)

    def close(self) -> None:
        """Put the terminal back, from wherever this is called."""
        if self._progress is not None:
            self._progress.close()

    def _show(self) -> Progress:
        shown = self._shown
        shared = shown.prints and may_share_terminal(shown.streams.stdout)
        self._progress = Progress(
            self._watched, self.pausing, shown.console, shown.streams.stderr, shared=shared
        )
        return self._progress

    def _say(self, text: str) -> None:
        """Say what is as it should be."""
        self._report.log.note(text)
        self._shown.console.say(text)

    def _tell(self, text: str) -> None:
        """Say what is not to be missed."""
        self._report.log.note(text)
        self._shown.console.say(text, QUIET)
