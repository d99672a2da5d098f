"""One run of one job, from the lock to the exit code."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from crawler.app.job_paths import JobPaths, new_run_id, rfc3339
from crawler.app.judgement import judge_run
from crawler.app.options import RunOptions
from crawler.app.practice_site import start_practice_site
from crawler.app.process_figures import cpu_seconds
from crawler.app.recovery import recover_outputs
from crawler.app.run_report import RunReport
from crawler.app.settings_change import changes, settings_of
from crawler.app.stop_signals import StopSignals
from crawler.app.summing_up import Ending, sum_up
from crawler.app.wiring import OpenStore, SpiderSet, Wired, outputs_of, spiders_of
from crawler.config.load import LoadedJob
from crawler.engine.crawl import End
from crawler.engine.output import Output
from crawler.engine.tally import encode_tally
from crawler.errors import BooksError, ConfigError
from crawler.interfaces import Batch, Clock, Opened, Recovered, RunStart
from crawler.loop import new_loop_factory
from crawler.observe.console import Console
from crawler.observe.end_summary import end_lines
from crawler.observe.ledger_file import write_ledger
from crawler.observe.status_line import status_line
from crawler.observe.summary import write_summary
from crawler.storage.job_lock import JobLock

#: Seconds between two status lines: often for a person, rarely in a log.
_STATUS_TTY = 10.0
_STATUS_LOG = 60.0


@dataclass(frozen=True, slots=True)
class Streams:
    """Standard output and error of the process."""

    stdout: BinaryIO
    stderr: TextIO


def run_job(loaded: LoadedJob, options: RunOptions, streams: Streams, clock: Clock) -> int:
    """Run a job and return its exit code.

    Raises:
        ConfigError: The config cannot be run; nothing was fetched.
        BusyError: Another run of the job is going on.
        StateError: The state cannot be used.
        OutputError: An output cannot be written, or changed under us.
    """
    paths = JobPaths(options.base.absolute(), loaded.job.name)
    holder: dict[str, str | int] = {
        "pid": os.getpid(), "host": socket.gethostname(), "since": rfc3339(clock.wall()),
    }  # fmt: skip
    lock = JobLock(paths.lock).acquire(holder)
    try:
        factory, loop_name = new_loop_factory(loaded.job.run.loop)
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(JobRun(loaded, options, streams, paths, clock, loop_name).run())
    finally:
        lock.release()


class JobRun:
    """The steps of one run, in order."""

    def __init__(
        self,
        loaded: LoadedJob,
        options: RunOptions,
        streams: Streams,
        paths: JobPaths,
        clock: Clock,
        loop_name: str,
    ) -> None:
        self._loaded = loaded
        self._job = loaded.job
        self._options = options
        self._streams = streams
        self._console = Console(streams.stderr, options.level)
        self._paths = paths
        self._clock = clock
        self._loop_name = loop_name
        self._begun = clock.monotonic()
        self._begun_cpu = cpu_seconds()
        self._stock: OpenStore

    async def run(self) -> int:
        """Run, and return the exit code."""
        async with AsyncExitStack() as stack:
            practice_url = None
            if self._job.demo:
                site = await start_practice_site(self._paths)
                stack.push_async_callback(site.close)
                practice_url = site.url
            spiders = spiders_of(self._loaded, practice_url)
            self._stock = OpenStore(self._loaded, self._paths)
            try:
                opened = await self._begin(await self._recover())
                return await self._crawl(spiders, opened)
            except BaseException:
                await self._stock.store.abandon()
                raise

    async def _recover(self) -> Recovered:
        """Make the outputs of a run that did not end whole, then wipe if asked to."""
        recovered = await self._stock.store.open()
        fresh = self._options.forget or self._options.mode == "fresh"
        recover_outputs(recovered.marks, self._job.name, needed=not fresh)
        if not self._options.forget:
            return recovered
        await self._stock.store.abandon()
        for path in self._paths.state.glob(f"{self._paths.database.name}*"):
            path.unlink()
        self._stock = OpenStore(self._loaded, self._paths)
        return await self._stock.store.open()

    async def _begin(self, recovered: Recovered) -> Opened:
        mode, settings = self._options.mode, settings_of(self._loaded.values, self._loaded.secrets)
        if mode == "resume" and recovered.run_id is None:
            raise ConfigError(f"job {self._job.name} has no interrupted run to resume")
        if mode != "fresh" and recovered.settings is not None:
            self._check_changes(recovered, settings)
        now = self._clock.wall()
        start = RunStart(
            mode=mode, run_id=new_run_id(now), settings=settings, now=now,
            max_depth=self._job.scope.max_depth,
        )  # fmt: skip
        return await self._stock.store.begin(start)

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

    async def _crawl(self, spiders: SpiderSet, opened: Opened) -> int:
        outputs = outputs_of(self._loaded, self._options, self._paths, opened, self._streams.stdout)
        with ExitStack() as stack:
            marks = {mark.sink: mark for mark in opened.marks}
            for output in outputs:
                stack.callback(output.sink.close)
                output.sink.open(marks.get(output.sink.name))
            report = RunReport(self._loaded, opened, self._paths, self._console)
            stack.callback(report.close)
            wired = Wired(
                self._loaded, self._options, spiders=spiders, stock=self._stock, opened=opened,
                outputs=outputs, recorder=report.recorder, clock=self._clock,
            )  # fmt: skip
            spiders.spider.logger = report.log.logger
            verb = "goes on" if opened.resumed else "begins"
            self._console.say(f"{self._job.name} run {opened.run_id} {verb}")
            try:
                end, signal_code = await self._until_end(wired, report)
                return await self._finish(wired, opened, outputs, report, end, signal_code)
            except Exception as error:
                report.log.exception(error)
                raise

    async def _until_end(self, wired: Wired, report: RunReport) -> tuple[End, int | None]:
        crawl = wired.crawl
        signals = StopSignals(crawl.stop, crawl.quit_now, self._console.say)
        try:
            with signals:
                async with asyncio.TaskGroup() as group:
                    group.create_task(report.bodies.run())
                    status = group.create_task(self._say_status(wired))
                    end = await crawl.run(wired.workers)
                    status.cancel()
                    await report.bodies.close()
        finally:
            await wired.fetcher.close()
        return end, signals.exit_code

    async def _say_status(self, wired: Wired) -> None:
        store = self._stock.store
        period = _STATUS_TTY if self._streams.stderr.isatty() else _STATUS_LOG
        done = store.books().done
        while True:
            await self._clock.sleep(period)
            books = store.books()
            rate, done = (books.done - done) / period, books.done
            seconds = self._clock.monotonic() - self._begun
            items, flying = wired.tally.items_out, wired.crawl.in_flight
            self._console.say(status_line(self._job.name, seconds, books, items, flying, rate))

    async def _finish(
        self,
        wired: Wired,
        opened: Opened,
        outputs: Sequence[Output],
        report: RunReport,
        end: End,
        signal_code: int | None,
    ) -> int:
        """Judge the run, finish its outputs and its report, close the store."""
        store, books = self._stock.store, self._stock.store.books()
        if not books.balanced or not all(kind.balanced for kind in wired.tally.items.values()):
            raise BooksError(f"the books do not balance: {books}")
        finished = signal_code is None and end.finished
        code, checks = signal_code or 0, tuple[str, ...]()
        if finished:
            judgement = judge_run(
                self._job, books, wired.tally, limit=self._options.limit,
                start_error=wired.crawl.start_error,
            )  # fmt: skip
            code, checks = judgement.exit_code, judgement.reasons
            for output in outputs:
                output.sink.finish(good=code == 0)
        seconds = self._clock.monotonic() - self._begun
        ending = Ending(
            exit_code=code, reason=end.reason, checks=checks, seconds=seconds,
            cpu=cpu_seconds() - self._begun_cpu, wall=self._clock.wall(), loop=self._loop_name,
        )  # fmt: skip
        summary = sum_up(self._job, opened, books, wired.tally, wired.crawl.bottleneck, ending)
        await write_ledger(report.folder / "urls.jsonl.gz", store)
        write_summary(report.folder / "summary.json", summary)
        wired.tally.worked += seconds
        wired.tally.cpu += cpu_seconds()
        if not finished:
            tally = Batch(tally=encode_tally(wired.tally))
            await store.commit(opened.grant, tally, lambda: ())
        await store.close(finished=finished)
        paths = [output.sink.path for output in outputs if output.sink.path is not None]
        for line in end_lines(summary, paths, report.folder):
            self._console.say(line)
        if not finished:
            self._console.say(f"state saved; go on with: crawler {self._loaded.path} --resume")
        return code
