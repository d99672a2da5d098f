"""Puts a crawl together: the only place that knows which implementation stands where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from crawler.app.job.bodies import bodies_of
from crawler.app.job.incremental import conditions_of, gone_rules, revisits_of, settling_rules
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.page_tools import fetcher_of, job_scope, parser_of
from crawler.app.job.policies import (
    breaker_of,
    canonical_of,
    politeness_of,
    retry_of,
    user_agent_of,
)
from crawler.app.job.spider_set import SpiderSet
from crawler.app.job.start_lists import entries, source_reader
from crawler.app.run.backend import Backend
from crawler.app.run.options import RunOptions
from crawler.app.run.retrying import no_starts
from crawler.app.run.slot_work import SlotWork
from crawler.app.run.staff import Staff
from crawler.app.run.stalls import Stalls
from crawler.app.run.workplace import Workplace
from crawler.config.load import LoadedJob
from crawler.config.models.job import Job
from crawler.engine.crawl import Crawl, Parts
from crawler.engine.file_errands import FileErrands
from crawler.engine.host_book import HostBook
from crawler.engine.item_changes import ItemChanges
from crawler.engine.limits import RunLimits
from crawler.engine.output import Output
from crawler.engine.remembering import Remembering
from crawler.engine.robots_gate import RobotsGate
from crawler.engine.settling import Settling
from crawler.engine.start_feed import StartFeed
from crawler.engine.tally import Tally, decode_tally
from crawler.files import FileWriter
from crawler.frontier.frontier import Frontier
from crawler.interfaces import Clock, Fetcher, FrontierStore, HostClocks, ItemStore, Opened
from crawler.observe.recorder import Recorder
from crawler.policy.autothrottle import AutothrottlePolicy
from crawler.policy.memory import MemoryLimit
from crawler.policy.traps import Traps, Weights
from crawler.spider.file_lines import file_line, with_lines
from crawler.spider.page_parser import PageParser, Started
from crawler.spider.page_spider import PageSpider
from crawler.spider.start_entry import BadStart
from crawler.storage.memory_store import MemoryStore
from crawler.storage.slot_file import NoGuard, SlotFile
from crawler.storage.sqlite_store import SqliteStore

if TYPE_CHECKING:
    from crawler.app.run.patience import Patience
    from crawler.media.disk_files import DiskFiles
    from crawler.workers.process.forked_process import ForkedProcess


class OpenStore:
    """The job's store and what guards against pages that end the process."""

    def __init__(self, loaded: LoadedJob, paths: JobPaths) -> None:
        job = loaded.job
        self.guard: SlotFile | NoGuard
        self.store: FrontierStore
        #: What is known of items; None where nothing is kept.
        self.items: ItemStore | None = None
        if job.run.durability == "off":
            self.guard = NoGuard()
            self.store = MemoryStore(canonical=canonical_of(job))
            return
        self.guard = SlotFile(paths.slots)
        store = SqliteStore(
            paths.database,
            canonical=canonical_of(job),
            durability=job.run.durability,
            slots=self.guard,
        )
        self.store, self.items = store, store.items


class Wired:
    """A crawl that is ready to run, and what must be closed after it.

    Args:
        loaded: The job.
        options: The command line's.
        paths: The job's files.
        spiders: The user's side.
        stock: The store, opened.
        opened: What it knows of the run.
        outputs: Where items go.
        recorder: Takes note of every page that ends.
        clock: The time.
        work: What is done in process slots.
        clocks: Keep the delay of hosts over all jobs of the machine.
        loop: Name of the event loop.
        spares: Worker processes that are there already.

    Attributes:
        staff: Who fetches and parses.
        settling: Settles what the run found; None where the job is not incremental.
    """

    def __init__(  # noqa: PLR0913 - the composition root
        self,
        loaded: LoadedJob,
        options: RunOptions,
        *,
        paths: JobPaths,
        spiders: SpiderSet,
        stock: OpenStore,
        opened: Opened,
        outputs: Sequence[Output],
        recorder: Recorder,
        clock: Clock,
        work: SlotWork,
        clocks: HostClocks | None = None,
        loop: str,
        spares: Sequence[ForkedProcess] = (),
    ) -> None:
        job = loaded.job
        self.tally, self.spider = decode_tally(opened.tally), spiders.spider
        self.settling = _settling(job, stock, opened, outputs, self.tally)
        scope = job_scope(job, spiders, self.tally.joined_hosts)
        parser = parser_of(
            job, spiders, scope,
            entries=entries(loaded, paths, spiders.sitemaps, spiders.practice_url),
            sources=source_reader(loaded, opened.started, self.tally.source_files),
        )  # fmt: skip
        self.fetcher = fetcher_of(job, spiders, clock, opened.cookies)
        self._backend = Backend(job, stock.guard, clock, (stalls := Stalls(recorder.ended)).stalled)
        self.probe, concurrency = self._backend.probe, self._backend.concurrency
        gate, hosts, retry = asyncio.Semaphore(concurrency), _host_book(job, opened), retry_of(job)
        self._writer, self._lists_files = FileWriter(), job.lists_files
        patience, patient, self._files = _waiting(job, clock, recorder, self.fetcher, paths, work)
        traps = Traps(weights_of(spiders), self.tally.traps)
        parts = Parts(
            store=stock.store, opened=opened, frontier=Frontier(hosts.rule), hosts=hosts,
            robots=RobotsGate(patient, gate, hosts, retry, clock, obey=_obeys(job)),
            retry=retry, breaker=breaker_of(job), traps=traps, memory=_memory(job),
            starts=self._feed(job, parser, recorder, retries=opened.retry_of is not None),
            outputs=tuple(one for one in outputs if one.takes_items),
            quarantine=next((one.sink for one in outputs if one.quarantine), None),
            stamp={"_job": job.name, "_run": opened.run_id}, tally=self.tally,
            limits=_limits(job, options.limit, self.tally, concurrency), recheck=_rechecks(job),
            changes=_changes(job, stock, opened), clock=clock, ended=stalls.ended,
            transform=work.items, spoilt=recorder.item_spoilt, clocks=clocks,
            file_line=file_line if job.lists_files else None,
            remembering=_remembering(loaded, options, stock.store, opened, hosts, self.tally),
            room=None if self._files is None else self._files.room.for_lines,
        )  # fmt: skip
        self.crawl = Crawl(parts)
        self.callbacks = self._backend.callbacks
        self.staff = Staff(
            Workplace(
                loaded=loaded, paths=paths, spiders=spiders, opened=opened, tally=self.tally,
                scope=scope, traps=traps, parser=parser, fetcher=self.fetcher, retry=retry,
                crawl=self.crawl, backend=self._backend, gate=gate, stalls=stalls,
                recorder=recorder, loop=loop, spares=spares, files=self._files,
                errands=_errands(job, parts, patient, gate), patient=patient, patience=patience,
                bodies=bodies_of(job, paths.bodies, self._writer),
            )
        )  # fmt: skip

    def _starts(self, parser: PageParser, *, retries: bool) -> AsyncIterator[Started]:
        """Return what the crawl begins with."""
        if retries:
            return no_starts()
        starts = self._backend.starts(parser)
        return with_lines(starts) if self._lists_files else starts

    def _feed(
        self, job: Job, parser: PageParser, recorder: Recorder, *, retries: bool
    ) -> StartFeed:
        return StartFeed(
            self._starts(parser, retries=retries), items_done=self.tally.start_items,
            bad=self._bad_start(recorder), lists_first=not retries and _lists_first(job),
        )  # fmt: skip

    async def close(self) -> None:
        """Close every connection, and end the threads and processes."""
        await self.fetcher.close()
        await self._backend.close()
        await self.staff.close()
        self._writer.close()
        if self._files is not None:
            await self._files.close()

    def _bad_start(self, recorder: Recorder) -> Callable[[BadStart], None]:
        def note(entry: BadStart) -> None:
            recorder.bad_start(entry)
            # A resume is given every entry again: those of this process are all there are.
            self.tally.bad_starts = recorder.bad_starts_count

        return note


def _remembering(
    loaded: LoadedJob,
    options: RunOptions,
    store: FrontierStore,
    opened: Opened,
    hosts: HostBook,
    tally: Tally,
) -> Remembering | None:
    """Return what remembers pages; None in a job that is not incremental."""
    job = loaded.job
    if job.incremental is None:
        return None
    conditions, dates = conditions_of(loaded, reread=options.reread), job.start.lastmod
    revisits, gone = revisits_of(job), gone_rules(job)
    return Remembering(store, opened, conditions, revisits, hosts, tally, dates, gone)


def _waiting(
    job: Job, clock: Clock, recorder: Recorder, fetcher: Fetcher, paths: JobPaths, work: SlotWork
) -> tuple[Patience | None, Fetcher, DiskFiles | None]:
    """Return what waits while that is away which all files need, and what is to wait for it.

    A job without files has a fetcher that waits for nothing, and no store of files.
    """
    if job.files is None:
        return None, fetcher, None
    from crawler.app.run.patience import Patience

    patience = Patience(job, clock, recorder.say)
    return patience, patience.fetcher(fetcher), patience.files(paths, work.files)


def _rechecks(job: Job) -> bool:
    return job.incremental is not None and job.incremental.gone.recheck


def _changes(job: Job, stock: OpenStore, opened: Opened) -> ItemChanges | None:
    rules = settling_rules(job)
    if rules is None or stock.items is None:
        return None
    return ItemChanges(stock.items, rules.changes, opened.ordinal)


def _settling(
    job: Job, stock: OpenStore, opened: Opened, outputs: Sequence[Output], tally: Tally
) -> Settling | None:
    """Return what settles the run; None in a job that is not incremental."""
    rules = settling_rules(job)
    if rules is None or stock.items is None:
        return None
    events = next((one.sink for one in outputs if one.events), None)
    return Settling(stock.store, stock.items, opened, events=events, tally=tally, rules=rules)


def _errands(
    job: Job, parts: Parts, fetcher: Fetcher, gate: asyncio.Semaphore
) -> FileErrands | None:
    """Return what fetches files that items name; None for a job without such."""
    if job.files is None or job.lists_files:
        return None
    return FileErrands(fetcher, gate, parts.hosts, parts.robots, parts.frontier, parts.clock)


def _limits(job: Job, items: int | None, tally: Tally, concurrency: int) -> RunLimits:
    """Return the limits of a run; that of pages is one of what this run fetches itself."""
    most = job.scope.max_pages
    return RunLimits(
        concurrency=concurrency, max_pages=None if most is None else most + tally.pages_before,
        max_items=items, max_runtime=job.scope.max_runtime,
    )  # fmt: skip


def _memory(job: Job) -> MemoryLimit | None:
    """Return the limit of memory, None for none."""
    return None if job.run.memory_limit is None else MemoryLimit(job.run.memory_limit)


def weights_of(spiders: SpiderSet) -> Weights:
    """Return what a page without news counts for the trap guard."""
    bare = isinstance(spiders.spider, PageSpider) and not spiders.is_class
    return Weights.PAGES_WANTED if bare else Weights.ITEMS_WANTED


def _obeys(job: Job) -> bool:
    return job.fetch.robots == "obey"


def _lists_first(job: Job) -> bool:
    """Tell whether lists are to be read before any page is fetched.

    A URL may be found elsewhere before its line of a list that has columns; and what a sitemap says
    of its pages may spare their visits.
    """
    elsewhere = job.scope.follow or job.follow or job.spider is not None or job.start.sitemap
    dated = job.incremental is not None and job.start.lastmod in ("trust", "distrust")
    return bool(job.start.keep_columns and elsewhere) or bool(job.start.sitemap and dated)


def _host_book(job: Job, opened: Opened) -> HostBook:
    """Return what is known of each host."""
    hosts = HostBook(
        politeness_of(job), AutothrottlePolicy(), user_agent=user_agent_of(job),
        obey_crawl_delay=_obeys(job),
    )  # fmt: skip
    hosts.load(opened.hosts)
    if not opened.resumed:
        hosts.forget_failures()
    return hosts
