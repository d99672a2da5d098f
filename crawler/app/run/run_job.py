"""One run of one job, from the lock to the exit code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack, nullcontext
from typing import TYPE_CHECKING, NamedTuple

from crawler.app.job.access import unverified_words
from crawler.app.job.bodies import prune_bodies
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.open_files import make_room
from crawler.app.job.practice_site import start_practice_site
from crawler.app.job.spider_set import SpiderSet, spiders_of, user_spider
from crawler.app.job.start_lists import check_file
from crawler.app.run.beginning import Beginning, forgets, refuse_vain_start
from crawler.app.run.control import Control, holder_now
from crawler.app.run.early_workers import early_workers
from crawler.app.run.half_sets import refuse_half_sets
from crawler.app.run.kept_outputs import KeptOutputs
from crawler.app.run.live_crawl import LiveCrawl, Shown
from crawler.app.run.old_reports import delete_old_reports
from crawler.app.run.options import RunOptions
from crawler.app.run.process_figures import CpuMeter
from crawler.app.run.recording import Recording, planned_of
from crawler.app.run.retrying import NothingToRetry
from crawler.app.run.run_end import Ended, RunEnd, Spent
from crawler.app.run.run_outputs import outputs_of
from crawler.app.run.run_report import RunReport
from crawler.app.run.scheduled_start import ScheduledStart
from crawler.app.run.slot_work import SlotWork, start_slot_work
from crawler.app.run.spider_offload import SpiderOffload
from crawler.app.run.stop_signals import StopSignals
from crawler.app.run.streams import Streams
from crawler.app.run.told import telling_of
from crawler.app.run.watched import Watched
from crawler.app.run.wiring import OpenStore, Wired
from crawler.config.load import LoadedJob
from crawler.engine.crawl import Crawl
from crawler.engine.output import Output
from crawler.engine.tally import decode_tally
from crawler.errors import Signalled, StateError
from crawler.interfaces import Batch, Clock, Opened
from crawler.loop import new_loop_factory
from crawler.observe.console import QUIET, Console
from crawler.spider.spider import Spider
from crawler.storage.shared_clocks import SharedClocks

if TYPE_CHECKING:
    from crawler.app.tell.telling import Telling
    from crawler.workers.process.forked_process import ForkedProcess


def run_job(loaded: LoadedJob, options: RunOptions, streams: Streams, clock: Clock) -> int:
    """Run a job and return its exit code.

    Raises:
        ConfigError: The config cannot be run; nothing was fetched.
        BusyError: Another run of the job is going on.
        StateError: The state cannot be used.
        OutputError: An output cannot be written, or changed under us.
    """
    paths = JobPaths(options.base.absolute(), loaded.job.name)
    console = Console(streams.stderr, options.level)
    recording = Recording(
        paths, loaded.path, options, clock, console.error, planned=planned_of(loaded.job)
    )
    telling = telling_of(loaded, options, paths, clock, console)
    told = nullcontext() if telling is None else telling.kept()
    # First the record, then people are told, then the lock is freed: the next run finds the record.
    with ExitStack() as lock, told, recording.kept():
        return _run(loaded, options, streams, clock, Kept(paths, recording, telling, lock))


class Kept(NamedTuple):
    """What outlives a run: where it is kept, its record, who is told, what holds its lock."""

    paths: JobPaths
    recording: Recording
    telling: Telling | None
    lock: ExitStack


def _run(loaded: LoadedJob, options: RunOptions, streams: Streams, clock: Clock, kept: Kept) -> int:
    paths, recording, telling, held = kept
    refuse_vain_start(loaded, options, paths)
    check_file(loaded)
    make_room(loaded.job.fetch.concurrency)
    factory, loop_name = new_loop_factory(loaded.job.run.loop)
    start = ScheduledStart(loaded.job, paths, options, clock).delayed()
    with early_workers(loaded, loop_name) as spares:
        # What can be wrong with a config is found before anything is made on disk.
        user = user_spider(loaded)
        lock = start.lock(lambda: holder_now(clock))
        held.callback(lock.release)
        recording.began()
        with asyncio.Runner(loop_factory=factory) as runner:
            control = Control(paths, lock, holder_now(clock), options.go_on)
            run = JobRun(loaded, options, streams, paths, clock, control, spares)
            run.recording, run.telling, run.notes = recording, telling, start.notes
            code = runner.run(run.run(user, loop_name))
        recording.ended(code)
        if telling is not None:
            telling.ended(code)
        say = Console(streams.stderr, options.level).say
        prune_bodies(loaded.job, paths, say)
        delete_old_reports(paths.reports, loaded.job.schedule.keep, say, recording.run)
        return code


class JobRun:
    """The steps of one run, in order."""

    def __init__(  # noqa: PLR0913 - all that comes from outside
        self,
        loaded: LoadedJob,
        options: RunOptions,
        streams: Streams,
        paths: JobPaths,
        clock: Clock,
        control: Control | None = None,
        spares: Sequence[ForkedProcess] = (),
    ) -> None:
        self._loaded = loaded
        self._job = loaded.job
        self._options = options
        self._streams = streams
        self._console = Console(streams.stderr, options.level)
        self._paths = paths
        self._clock = clock
        self._begun = clock.monotonic()
        self._meter = CpuMeter()
        self._stock: OpenStore
        self._live: LiveCrawl | None = None
        self._control = control
        self._spares = spares
        self._signals = StopSignals(self._say_aloud, self._abort, clock)
        self._offload: SpiderOffload | None = None
        self._report: RunReport | None = None
        self.notes: list[str] = []  # of what came before the run, for its log
        #: Puts the run into the history; None where none is kept.
        self.recording: Recording | None = None
        #: Tells people of the run; None where nobody is to be told.
        self.telling: Telling | None = None
        #: The crawl, once it has begun.
        self.crawl: Crawl | None = None

    async def run(self, user: Spider | None, loop_name: str) -> int:
        """Run, and return the exit code.

        Args:
            user: The spider of the job's class, None when it has none.
            loop_name: Name of the event loop, for the summary.

        Raises:
            Signalled: A signal stopped it, and then it failed.
        """
        signals = self._signals
        with signals if self._options.signals else nullcontext():
            try:
                code = await self._answering(user, loop_name)
            except asyncio.CancelledError:
                code = self._stopped_early()
            except Exception as error:
                if signals.exit_code is None:
                    raise
                raise Signalled(signals.exit_code, error) from error
            signals.keep(code)
        return code

    def _stopped_early(self) -> int:
        """Return the exit code of a run that was stopped before its crawl began.

        Raises:
            CancelledError: It was not; whoever runs us gave us up.
        """
        task = asyncio.current_task()
        if self._signals.exit_code is None or task is None:
            raise asyncio.CancelledError
        task.uncancel()
        what = "stopped before the crawl began: nothing was fetched"
        if self._report is None:
            self._console.error(f"{what}, nothing is lost; give the same command again")
        else:
            self._console.error(self._how_to_go_on(what))
        return self._signals.exit_code

    async def _answering(self, user: Spider | None, loop_name: str) -> int:
        """Run, with the control channel open to the last."""
        async with AsyncExitStack() as stack:
            if self._control is not None:
                stack.push_async_callback(self._control.close)
                silent = await self._control.open(self._signals)
                if silent is not None:
                    self._console.say(silent)
            code = await self._set_up(user, loop_name)
            if self._control is not None:
                self._control.ended(code)
            return code

    async def _set_up(self, user: Spider | None, loop_name: str) -> int:
        async with AsyncExitStack() as stack:
            # Before any socket is opened, which a process made later would hold open.
            work = await start_slot_work(self._loaded, self._paths, stack)
            practice_url = None
            if self._job.demo:
                site = await start_practice_site(self._paths, self._clock)
                stack.push_async_callback(site.close)
                practice_url = site.url
            spiders = spiders_of(self._loaded, user, practice_url)
            if blind := unverified_words(self._job):
                self._console.error(blind)
            if user is not None:
                self._lend_slots(user, work, stack)
            beginning = Beginning(
                self._loaded, self._options, paths=self._paths, console=self._console,
                clock=self._clock, stdin=self._streams.stdin,
            )  # fmt: skip
            try:
                opened = await beginning.begin(await beginning.recover())
                self._stock = beginning.stock
                self.notes += beginning.notes
                if self.recording is not None:
                    self.recording.named(opened)
                if self.telling is not None:
                    self.telling.began(opened)
                return await self._crawl(spiders, opened, work, loop_name)
            except NothingToRetry as word:
                await beginning.stock.store.abandon()
                self._console.say(str(word))
                return 0
            except BaseException:
                await beginning.stock.store.abandon()
                raise

    def _lend_slots(self, spider: Spider, work: SlotWork, stack: AsyncExitStack) -> None:
        """Let a spider class offload; it shares the slots of the job's transforms."""
        offload = self._offload = SpiderOffload(self._job, work.slots)
        stack.push_async_callback(offload.close)
        spider._offload = offload  # noqa: SLF001 - ours to fill in, the user's to call

    def _how_to_go_on(self, what: str) -> str:
        if forgets(self._loaded):
            return f"{what}; nothing is kept with run.durability: off"
        return f"{what}; state saved; go on with: {self._options.go_on}"

    async def _crawl(
        self, spiders: SpiderSet, opened: Opened, work: SlotWork, loop_name: str
    ) -> int:
        outputs = outputs_of(self._loaded, self._options, self._paths, opened, self._streams.stdout)
        kept = self._keep(opened)
        with ExitStack() as stack:
            await self._open_outputs(outputs, opened, stack)
            report = RunReport(self._loaded, opened, self._paths, self._console)
            self._report = report
            stack.callback(report.close)
            clocks = SharedClocks(os.environ, lambda line: self._tell(report, line))
            stack.callback(clocks.close)
            wired = Wired(
                self._loaded, self._options, paths=self._paths, spiders=spiders,
                stock=self._stock, opened=opened, outputs=outputs, recorder=report.recorder,
                clock=self._clock, work=work, clocks=clocks, loop=loop_name,
                spares=self._spares,
            )  # fmt: skip
            spiders.spider.logger = report.log.logger
            verb = "goes on" if opened.resumed else "begins"
            retried = decode_tally(opened.tally).earlier
            of = f", a retry of run {retried.run}" if retried is not None else ""
            for line in (f"{self._job.name} run {opened.run_id} {verb}{of}", *self.notes):
                self._tell(report, line)
            if self._job.run.backend == "asyncio":
                self._warn_of_slow_parser(report)
            run_end = RunEnd(
                loaded=self._loaded, options=self._options, store=self._stock.store, opened=opened,
                outputs=outputs, report=report, kept=kept,
            )  # fmt: skip
            try:
                ended = await self._to_the_end(wired, run_end, loop_name)
            except Exception as error:
                self._note_error(report, error, over=run_end.over)
                raise
            self._hand_on(ended)
            self._say_ending(report, ended)
            return ended.exit_code

    def _note_error(self, report: RunReport, error: Exception, *, over: bool) -> None:
        """Log what ended the process, and note on it what can be done."""
        report.note_error(error)
        self._tell_printed()
        more = f"more in {report.log_path}"
        if over:
            error.add_note(f"{more}; the run is over, its items and its report are whole")
        elif not isinstance(error, StateError):  # it says itself what can be done
            error.add_note(self._how_to_go_on(more))

    def _keep(self, opened: Opened) -> KeptOutputs:
        kept = KeptOutputs(self._loaded, self._options, self._paths, opened, self._console.say)
        kept.begin()
        return kept

    def _hand_on(self, ended: Ended) -> None:
        """Give what the run came to to those who keep it and tell it."""
        if self.recording is not None:
            self.recording.summed_up(ended.summary)
        if self.telling is not None:
            self.telling.summed_up(ended.summary, ended.lines, finished=ended.finished)

    def _warn_of_slow_parser(self, report: RunReport) -> None:
        from crawler.fetch.client_wire import IN_PYTHON, reads_in_python

        if reads_in_python():
            self._tell(report, f"warning: {IN_PYTHON}")

    async def _open_outputs(
        self, outputs: Sequence[Output], opened: Opened, stack: ExitStack
    ) -> None:
        """Open the outputs, and put on record at once that they are this run's."""
        held = {mark.sink: mark for mark in opened.marks}
        refuse_half_sets(self._job, self._options, held, opened)
        marks = []
        for output in outputs:
            stack.callback(output.sink.close)
            mark = output.sink.open(held.get(output.sink.name))
            if mark is not None:
                marks.append(mark)
        await self._stock.store.commit(opened.grant, Batch(), lambda: marks)

    async def _to_the_end(self, wired: Wired, run_end: RunEnd, loop_name: str) -> Ended:
        crawl, report, signals = wired.crawl, run_end.report, self._signals
        watched = Watched(
            job=self._job, run=run_end.opened.run_id, wired=wired, store=self._stock.store,
            recorder=report.recorder, clock=self._clock, meter=self._meter, begun=self._begun,
        )  # fmt: skip
        live = self._live = LiveCrawl(
            watched, report, Shown(self._console, self._streams, self._options.output == "-"),
            self._offload,
        )  # fmt: skip
        self.crawl = crawl
        signals.crawling(live.stop, crawl.quit_now)
        if self._control is not None:
            self._control.watch(live.watch, live.pausing)
        try:
            await wired.staff.start()
            began = self._clock.monotonic()
            self._meter.begin(wired.staff.pids)
            end = await live.until_end()
            signals.crawl_ended()
            await wired.staff.leave(end.reason)
        finally:
            await wired.close()
        if self._control is not None:
            self._control.ending()
        spent = Spent(
            seconds=self._clock.monotonic() - self._begun,
            crawled=self._clock.monotonic() - began,
            busy=self._meter.busy(wired.staff.count), meter=self._meter,
            writing_cpu=await self._stock.store.writing_cpu(),
            now=self._clock.monotonic(), wall=self._clock.wall(),
            loop=loop_name, stuck=live.watch.stuck,
        )  # fmt: skip
        return await run_end.write(wired, end, signals.exit_code, spent)

    def _abort(self, exit_code: int) -> None:
        """End the process where it stands; the lock goes with it."""
        try:
            if self._live is not None:
                self._live.close()
            self._tell_printed()
            if self.recording is not None:
                self.recording.quit_at_once(exit_code)
            self._console.error(self._how_to_go_on("quit at once, in the middle of its work"))
        finally:
            os._exit(exit_code)

    def _say_ending(self, report: RunReport, ended: Ended) -> None:
        self._tell_printed(0 if ended.exit_code == 0 else QUIET)
        for line in ended.lines:
            self._tell(report, line, 0 if ended.exit_code == 0 else QUIET)
        if not ended.finished:
            how, level = ("interrupted", QUIET) if ended.exit_code else ("paused", 0)
            self._console.say(self._how_to_go_on(how), level)

    def _tell_printed(self, level: int = QUIET) -> None:
        """Keep what others printed with the report, if there is one, and say where it is."""
        held, report = self._streams.held, self._report
        if held is not None and report and (count := held.keep(report.folder / "output.txt")):
            what = f"{count:,} line{'s' if count > 1 else ''} by the job's own code"
            self._tell(report, f"  printed {what}: {report.folder / 'output.txt'}", level)

    def _say_aloud(self, text: str) -> None:
        """Say what is not to be missed, whatever the level."""
        if self._report is not None:
            self._report.log.note(text)
        self._console.error(text)

    def _tell(self, report: RunReport, text: str, level: int = 0) -> None:
        report.log.note(text)
        self._console.say(text, level)
