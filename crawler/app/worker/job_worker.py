"""A job inside a worker process: the parts of one process, but for what the parent keeps."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from crawler.app.job.bodies import bodies_of
from crawler.app.job.incremental import recognition_of
from crawler.app.job.page_tools import fetcher_of, job_scope, parser_of
from crawler.app.job.policies import retry_of
from crawler.app.job.spider_set import spiders_of, user_spider
from crawler.app.job.start_lists import source_reader
from crawler.app.run.backend import Backend
from crawler.app.run.process_figures import peak_rss_bytes
from crawler.app.run.spider_end import tell_spider
from crawler.app.run.worker_setup import WorkerSetup, settings_hash
from crawler.app.worker.remote_offload import RemoteOffload
from crawler.config.load import LoadedJob, load_job
from crawler.errors import CallbackError, ConfigError
from crawler.fetch.cookie_jar import CookieJar
from crawler.files import FileWriter
from crawler.interfaces import Clock
from crawler.observe.kept_bodies import KEPT, MAX_BODY
from crawler.spider.spider_state import SpiderState
from crawler.storage.slot_file import SlotFile
from crawler.workers.barren_pages import BarrenPages
from crawler.workers.process.channel import Channel
from crawler.workers.process.known_links import KnownLinks
from crawler.workers.process.messages import Bye, Logged, Order, Report, Stalled
from crawler.workers.process.worker_loop import Duties, WorkerLoop
from crawler.workers.visit import Visitor


class JobWorker:
    """A job, ready to fetch and parse.

    Args:
        setup: What the parent says.
        channel: Leads to it.
        clock: The time.
        loaded: The job, where this process has it from its parent; else it is read.

    Raises:
        ConfigError: The job cannot be had here as the parent has it.
    """

    def __init__(
        self,
        setup: WorkerSetup,
        channel: Channel[Report, Order],
        clock: Clock,
        loaded: LoadedJob | None = None,
    ) -> None:
        self._channel = channel
        loaded = loaded or _same_job(setup)
        job = loaded.job
        spiders = spiders_of(loaded, user_spider(loaded), setup.practice_url)
        self._spider = spiders.spider
        self._problem = ""
        offload = self._offload = RemoteOffload(channel)
        self._spider._offload = offload  # noqa: SLF001 - ours to fill in, the user's to call
        self._spider.logger = _logger(job.name, setup.log_level, channel)
        jar = CookieJar()
        self._fetcher = fetcher_of(job, spiders, clock, setup.cookies, jar)
        scope = job_scope(job, spiders, setup.joined)
        slots = SlotFile(Path(setup.slots), setup.part)
        backend = Backend(job, slots, clock, self._stalled)
        self._probe, self._callbacks, self._clock = backend.probe, backend.callbacks, clock
        self._files = FileWriter()
        texts: set[str] = set()
        visitor = Visitor(
            self._fetcher,
            parser_of(
                job, spiders, scope,
                sources=source_reader(loaded, setup.started, setup.source_files),
            ),
            self._callbacks, _OwnState(self._spider, setup.state), retry_of(job),
            self._callbacks.expired, BarrenPages(texts.__contains__, setup.counts_pages),
            recognition_of(loaded),
            bodies_of(job, Path(setup.bodies), self._files),
        )  # fmt: skip
        duties = Duties(
            visits=visitor, concurrency=job.fetch.concurrency, texts=texts,
            # With a limit of depth the parent has to know which page led where.
            known=KnownLinks() if job.scope.max_depth is None else None,
            kept_bodies=KEPT, body_size=MAX_BODY, admit=scope.add_host, learn=jar.load,
            offloaded=offload.settle, leave=self._leave,
        )  # fmt: skip
        self._loop = WorkerLoop(duties, channel)

    async def run(self) -> bool:
        """Work until told to leave; False when the parent is gone."""
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(one) for one in (self._probe.run(), self._watch())]
            stayed = await self._loop.run()
            for task in beside:
                task.cancel()
        return stayed

    async def _watch(self) -> None:
        """End callbacks that wait for too long; time in a process slot is not theirs."""
        while True:
            await self._clock.sleep(1.0)
            if self._offload.busy:
                self._callbacks.rest()
            self._callbacks.end_overdue()

    async def _leave(self, reason: str) -> Bye:
        await tell_spider(self._spider, reason, self._note)
        await self._fetcher.close()
        self._files.close()
        return Bye(
            peak_rss=peak_rss_bytes(), lag_p99=self._probe.percentile(0.99),
            lag_max=self._probe.worst, problem=self._problem,
        )  # fmt: skip

    def _note(self, problem: str) -> None:
        self._problem = problem

    def _stalled(self, rows: list[int], seconds: float) -> None:
        self._channel.say(Stalled(rows, seconds))


class _OwnState(SpiderState):
    """The state of a spider that is one of several: there is nowhere to keep it."""

    def changed(self) -> bytes | None:
        if super().changed() is not None:
            raise CallbackError(
                "self.state changed, but each of several workers has a spider of its own;"
                " use run.workers: 1"
            )
        return None


class _ToParent(logging.Handler):
    """Lets the parent write what a spider logs."""

    def __init__(self, channel: Channel[Report, Order]) -> None:
        super().__init__()
        self._channel = channel
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        said = Logged(record.levelno, self.format(record))
        self._loop.call_soon_threadsafe(self._channel.say, said)


def _logger(name: str, level: int, channel: Channel[Report, Order]) -> logging.Logger:
    logger = logging.getLogger(f"crawler.spider.{name}")
    logger.setLevel(level)
    logger.addHandler(_ToParent(channel))
    return logger


def _same_job(setup: WorkerSetup) -> LoadedJob:
    loaded = load_job(setup.path, overrides=setup.overrides, environ=os.environ)
    if settings_hash(loaded) != setup.settings:
        raise ConfigError(
            f"{setup.config} changed since the run began; a worker process cannot be added to it"
        )
    return loaded
