"""One run of one job, from the lock to the exit code."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, nullcontext
from typing import TYPE_CHECKING, BinaryIO, TextIO

import msgspec

from crawler.app.job.job_paths import JobPaths, new_run_id, rfc3339
from crawler.app.job.practice_site import start_practice_site
from crawler.app.job.spider_set import SpiderSet, spiders_of, user_spider
from crawler.app.job.start_lists import check_file, keep_stdin, leaves_stdin
from crawler.app.run.open_files import make_room
from crawler.app.run.options import RunOptions
from crawler.app.run.process_figures import CpuMeter
from crawler.app.run.progress import Progress, may_share_terminal
from crawler.app.run.recovery import recover_outputs, settle_outputs, wipe_history
from crawler.app.run.run_end import Ended, RunEnd, Spent
from crawler.app.run.run_report import RunReport
from crawler.app.run.settings_change import changes, settings_of
from crawler.app.run.spider_offload import SpiderOffload
from crawler.app.run.stop_signals import StopSignals
from crawler.app.run.watched import Watched
from crawler.app.run.wiring import OpenStore, Wired, outputs_of, refuse_taken
from crawler.config.load import LoadedJob
from crawler.engine.crawl import Crawl, End
from crawler.engine.output import Output
from crawler.engine.tally import decode_tally
from crawler.errors import ConfigError, StateError
from crawler.interfaces import Batch, Clock, Mark, Opened, Recovered, RunStart, Transform
from crawler.loop import new_loop_factory
from crawler.observe.console import QUIET, Console
from crawler.spider.spider import Spider
from crawler.storage.job_lock import JobLock

if TYPE_CHECKING:
    from crawler.app.run.transforming import Transforming


class Streams(msgspec.Struct, frozen=True):
    """Standard output, error and input of the process; input is None where nothing reads it."""

    stdout: BinaryIO
    stderr: TextIO
    stdin: BinaryIO | None = None


def run_job(loaded: LoadedJob, options: RunOptions, streams: Streams, clock: Clock) -> int:
    """Run a job and return its exit code.

    Raises:
        ConfigError: The config cannot be run; nothing was fetched.
        BusyError: Another run of the job is going on.
        StateError: The state cannot be used.
        OutputError: An output cannot be written, or changed under us.
    """
    paths = JobPaths(options.base.absolute(), loaded.job.name)
    if options.mode == "resume" and not paths.database.exists():
        raise _nothing_to_resume(loaded)
    # What can be wrong with a config is found before anything is made on disk.
    user = user_spider(loaded)
    check_file(loaded)
    make_room(loaded.job.fetch.concurrency)
    factory, loop_name = new_loop_factory(loaded.job.run.loop)
    holder: dict[str, str | int] = {
        "pid": os.getpid(), "host": socket.gethostname(), "since": rfc3339(clock.wall()),
    }  # fmt: skip
    lock = JobLock(paths.lock).acquire(holder)
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            run = JobRun(loaded, options, streams, paths, clock)
            return runner.run(run.run(user, loop_name))
    finally:
        lock.release()


def _nothing_to_resume(loaded: LoadedJob) -> ConfigError:
    why = "; with run.durability: off nothing is kept" if _forgets(loaded) else ""
    return ConfigError(f"job {loaded.job.name} has no interrupted run to resume{why}")


def _forgets(loaded: LoadedJob) -> bool:
    return loaded.job.run.durability == "off"


class JobRun:
    """The steps of one run, in order."""

    def __init__(
        self,
        loaded: LoadedJob,
        options: RunOptions,
        streams: Streams,
        paths: JobPaths,
        clock: Clock,
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
        self._progress: Progress | None = None
        #: The crawl, once it has begun.
        self.crawl: Crawl | None = None

    async def run(self, user: Spider | None, loop_name: str) -> int:
        """Run, and return the exit code.

        Args:
            user: The spider of the job's class, None when it has none.
            loop_name: Name of the event loop, for the summary.
        """
        async with AsyncExitStack() as stack:
            # Before any socket is opened, which a process made later would hold open.
            transform = await self._start_transform(stack)
            practice_url = None
            if self._job.demo:
                site = await start_practice_site(self._paths, self._clock)
                stack.push_async_callback(site.close)
                practice_url = site.url
            spiders = spiders_of(self._loaded, user, practice_url)
            if user is not None:
                self._lend_slots(user, transform, stack)
            self._stock = OpenStore(self._loaded, self._paths)
            try:
                opened = await self._begin(await self._recover())
                return await self._crawl(spiders, opened, transform, loop_name)
            except BaseException:
                await self._stock.store.abandon()
                raise

    async def _start_transform(self, stack: AsyncExitStack) -> Transforming | None:
        if not self._job.transform.steps:
            return None
        from crawler.app.run.transforming import Transforming, steps_of

        transform = Transforming(self._loaded, steps_of(self._loaded))
        stack.push_async_callback(transform.close)
        await transform.start()
        return transform

    def _lend_slots(
        self, spider: Spider, transform: Transforming | None, stack: AsyncExitStack
    ) -> None:
        """Let a spider class offload; it shares the slots of the job's transforms."""
        offload = SpiderOffload(self._job, transform.slots if transform is not None else None)
        stack.push_async_callback(offload.close)
        spider._offload = offload  # noqa: SLF001 - ours to fill in, the user's to call

    def _how_to_go_on(self, what: str) -> str:
        if _forgets(self._loaded):
            return f"{what}; nothing is kept with run.durability: off"
        return f"{what}; state saved; go on with: {self._options.go_on}"

    async def _recover(self) -> Recovered:
        """Make the outputs of a run that did not end whole, then wipe if asked to."""
        forget = self._options.forget
        try:
            recovered = await self._stock.store.open()
        except StateError as error:
            if not forget:
                raise
            self._console.error(f"{error}; wiped, as asked: outputs were left as they are")
        else:
            fresh = forget or self._options.mode == "fresh"
            recover_outputs(recovered.marks, self._job.name, needed=not fresh)
            if not forget:
                return recovered
        await self._stock.store.abandon()
        wipe_history(self._paths)
        self._stock = OpenStore(self._loaded, self._paths)
        return await self._stock.store.open()

    async def _begin(self, recovered: Recovered) -> Opened:
        mode, now = self._options.mode, self._clock.wall()
        settings = settings_of(self._loaded.values, self._loaded.secrets, self._options.output)
        if mode == "resume" and recovered.run_id is None:
            raise _nothing_to_resume(self._loaded)
        if mode != "fresh" and recovered.settings is not None:
            self._check_changes(recovered, settings)
        run_id = new_run_id(now)
        if mode == "fresh" or recovered.run_id is None:
            refuse_taken(self._loaded, self._options, self._paths, run_id, now)
        resumes = mode != "fresh" and recovered.run_id is not None
        if resumes and leaves_stdin(self._loaded, self._streams.stdin):
            self._console.say(
                "standard input is not read: the interrupted run goes on with the list that it"
                " began with; --fresh begins with this one",
                QUIET,
            )
        await keep_stdin(self._loaded, self._paths, self._streams.stdin, resumes=resumes)
        start = RunStart(
            mode=mode, run_id=run_id, settings=settings, now=now,
            max_depth=self._job.scope.max_depth,
        )  # fmt: skip
        opened = await self._stock.store.begin(start)
        if not opened.resumed:
            settle_outputs(recovered.marks, self._job.name)
        return opened

    def _check_changes(self, recovered: Recovered, settings: bytes) -> None:
        grave, light = changes(recovered.settings or b"{}", settings)
        if grave:
            raise ConfigError(
                f"run {recovered.run_id} was interrupted, and {', '.join(grave)} changed since, so"
                " what is queued no longer means the same; undo the change to go on, or begin"
                " anew with --fresh"
            )
        if light:
            self._console.say(f"changed since the interruption: {', '.join(light)}")

    async def _crawl(
        self, spiders: SpiderSet, opened: Opened, transform: Transform | None, loop_name: str
    ) -> int:
        outputs = outputs_of(self._loaded, self._options, self._paths, opened, self._streams.stdout)
        with ExitStack() as stack:
            await self._open_outputs(outputs, opened, stack)
            report = RunReport(self._loaded, opened, self._paths, self._console)
            stack.callback(report.close)
            wired = Wired(
                self._loaded, self._options, paths=self._paths, spiders=spiders,
                stock=self._stock, opened=opened, outputs=outputs, recorder=report.recorder,
                clock=self._clock, transform=transform,
            )  # fmt: skip
            spiders.spider.logger = report.log.logger
            verb = "goes on" if opened.resumed else "begins"
            self._tell(report, f"{self._job.name} run {opened.run_id} {verb}")
            run_end = RunEnd(
                loaded=self._loaded, options=self._options, store=self._stock.store, opened=opened,
                outputs=outputs, report=report,
            )  # fmt: skip
            try:
                ended = await self._to_the_end(wired, run_end, loop_name)
            except Exception as error:
                report.note_error(error)
                if not isinstance(error, StateError):  # it says itself what can be done
                    error.add_note(self._how_to_go_on(f"more in {report.log_path}"))
                raise
            self._say_ending(report, ended)
            return ended.exit_code

    async def _open_outputs(
        self, outputs: Sequence[Output], opened: Opened, stack: ExitStack
    ) -> None:
        """Open the outputs, and put on record at once that they are this run's."""
        held = {mark.sink: mark for mark in opened.marks}
        self._refuse_half_sets(held, opened)
        marks = []
        for output in outputs:
            stack.callback(output.sink.close)
            mark = output.sink.open(held.get(output.sink.name))
            if mark is not None:
                marks.append(mark)
        await self._stock.store.commit(opened.grant, Batch(), lambda: marks)

    def _refuse_half_sets(self, held: Mapping[str, Mark], opened: Opened) -> None:
        """Refuse a file that would replace a complete one with what is left of a run."""
        items = decode_tally(opened.tally).items_out
        added = [one.path for one in self._job.output if one.mode == "replace"]
        added = [path for path in added if path not in held and self._options.output is None]
        if opened.resumed and items and added:
            raise ConfigError(
                f"output {added[0]} (mode: replace) was added to a run that has written {items:,}"
                " items elsewhere, so it would lack them; undo that to go on, or begin anew with"
                " --fresh"
            )

    async def _to_the_end(self, wired: Wired, run_end: RunEnd, loop_name: str) -> Ended:
        crawl, report = wired.crawl, run_end.report
        signals = StopSignals(
            self._stopper(wired),
            crawl.quit_now,
            lambda text: self._tell(report, text, QUIET),
            self._abort,
        )
        self.crawl = crawl
        with signals if self._options.signals else nullcontext():
            try:
                end = await self._until_end(wired, report)
            finally:
                await wired.close()
            signals.crawl_ended()
            spent = Spent(
                seconds=self._clock.monotonic() - self._begun,
                cpu=self._meter.since_made(), cpu_total=self._meter.total(),
                wall=self._clock.wall(), loop=loop_name,
            )  # fmt: skip
            return await run_end.write(wired, end, signals.exit_code, spent)

    def _abort(self, exit_code: int) -> None:
        """End the process where it stands; the lock goes with it."""
        try:
            if self._progress is not None:
                self._progress.close()
            self._console.error(self._how_to_go_on("quit at once, in the middle of its work"))
        finally:
            os._exit(exit_code)

    async def _until_end(self, wired: Wired, report: RunReport) -> End:
        with self._show(wired, report) as progress:
            async with asyncio.TaskGroup() as group:
                group.create_task(report.bodies.run())
                showing = group.create_task(progress.run())
                probing = group.create_task(wired.probe.run())
                end = await wired.crawl.run(wired.workers)
                probing.cancel()
                showing.cancel()
                await report.bodies.close()
        return end

    def _show(self, wired: Wired, report: RunReport) -> Progress:
        watched = Watched(
            job=self._job, wired=wired, store=self._stock.store, recorder=report.recorder,
            clock=self._clock, meter=self._meter, begun=self._begun,
        )  # fmt: skip
        shared = self._options.output == "-" and may_share_terminal(self._streams.stdout)
        self._progress = Progress(watched, self._console, self._streams.stderr, shared=shared)
        return self._progress

    def _stopper(self, wired: Wired) -> Callable[[str], None]:
        """Return what a signal calls: it stops the crawl, and whoever watches sees it."""

        def stop(reason: str) -> None:
            if self._progress is not None:
                self._progress.stopping()
            wired.crawl.stop(reason)

        return stop

    def _say_ending(self, report: RunReport, ended: Ended) -> None:
        for line in ended.lines:
            self._tell(report, line, 0 if ended.exit_code == 0 else QUIET)
        if not ended.finished:
            self._console.error(self._how_to_go_on("interrupted"))

    def _tell(self, report: RunReport, text: str, level: int = 0) -> None:
        report.log.note(text)
        self._console.say(text, level)
