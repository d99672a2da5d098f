"""The end of a run, or of one process of it: judged, written down, told."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crawler.app.exit_codes import CANNOT_WRITE, SAFETY
from crawler.app.run.judgement import judge_run
from crawler.app.run.kept_outputs import KeptOutputs
from crawler.app.run.options import RunOptions
from crawler.app.run.past_runs import past_runs
from crawler.app.run.process_figures import CpuMeter
from crawler.app.run.rule_places import placed_rules
from crawler.app.run.run_report import RunReport
from crawler.app.run.spider_end import tell_spider
from crawler.app.run.stop_signals import GRACE
from crawler.app.run.stuck_words import Stuck
from crawler.app.run.summing_up import Ending, sum_up
from crawler.app.run.wiring import Wired
from crawler.config.load import LoadedJob
from crawler.engine.crawl import End
from crawler.engine.limits import LIMIT_REACHED, NO_NAMES, NO_ROOM
from crawler.engine.memory_watch import OUT_OF_MEMORY
from crawler.engine.output import Output
from crawler.engine.tally import encode_tally
from crawler.errors import BooksError
from crawler.fail_points import reached
from crawler.interfaces import Batch, FrontierStore, Opened
from crawler.observe.details import Details
from crawler.observe.end_summary import end_lines
from crawler.observe.host_counts import HostCounts
from crawler.observe.ledger_file import write_ledger
from crawler.observe.quantities import size, took
from crawler.observe.report_page import report_page, write_report_page
from crawler.observe.rule_misses import rule_misses
from crawler.observe.summary import Summary, write_summary
from crawler.policy.checks import CHECK_FAILED, GOOD, NO_START_REACHED, combine
from crawler.sinks.file_output import target_of

#: In a reason for which nothing was reached: lists that are read from a file name no host to trust.
_PRIVATE = "is a private address"
#: Exit codes of runs that have seen what there is: what they miss counts as missed.
_SEEN_ALL = (GOOD, CHECK_FAILED)
#: Hosts in the report.
_HOSTS = 20


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What this process spent on the crawl.

    Attributes:
        seconds: Of real time.
        crawled: Of that, since worker processes were there.
        busy: Seconds of `crawled` for which the processor was the limit.
        writing_cpu: CPU seconds that went into keeping the crawl safe; see `writing_cpu` of the
            store.
        meter: Knows what CPU time the whole process tree has taken, its start included.
        now: The monotonic second at which the crawl ended.
        wall: The time now.
        loop: Name of the event loop.
        stuck: How often and how long nothing moved.
    """

    seconds: float
    crawled: float
    busy: float
    writing_cpu: float
    meter: CpuMeter
    now: float
    wall: float
    loop: str
    stuck: Stuck


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it.

    Attributes:
        exit_code: As the process is going to give it.
        lines: For people, the verdict last.
        finished: False when the run can be resumed.
        summary: What was written down of it.
    """

    exit_code: int
    lines: tuple[str, ...]
    finished: bool
    summary: Summary


class RunEnd(msgspec.Struct, kw_only=True):
    """Everything that is closed, in order, when a crawl has ended.

    Attributes:
        over: The run is finished on record: whatever fails now, there is nothing to resume.
    """

    loaded: LoadedJob
    options: RunOptions
    store: FrontierStore
    opened: Opened
    outputs: Sequence[Output]
    report: RunReport
    kept: KeptOutputs
    over: bool = False

    async def write(self, wired: Wired, end: End, signal_code: int | None, spent: Spent) -> Ended:
        """Finish the outputs and the report, close the store.

        Raises:
            BooksError: The books do not balance; our bug.
            OutputError: Something cannot be written.
        """
        self._balance(wired)
        reached("finish.before")
        gave_up, out = self._gave_up(wired, end)
        stopped = gave_up if signal_code is None else signal_code
        finished = stopped is None and end.finished
        patience = self.loaded.job.run.callback_timeout if signal_code is None else GRACE
        await tell_spider(wired.spider, end.reason, self.report.log.note, patience)
        code, checks = stopped or 0, out
        if finished:
            code, checks = await self._tell_changes(wired, end, *self._judge(wired))
            for output in self.outputs:
                # What a limit on the command line cut short is a look, not the whole set.
                output.sink.finish(good=code == 0 and end.reason != LIMIT_REACHED)
        folder, hosts = self.report.folder, HostCounts()
        await write_ledger(folder / "urls.jsonl.gz", self.store, hosts.see)
        # Only now: the ledger of a large crawl is the largest part of what its end costs.
        summary = await self._sum_up(wired, end, code, checks, spent)
        write_summary(folder / "summary.json", summary)
        details = self._details(summary, hosts)
        write_report_page(folder / "report.html", report_page(summary, details))
        if self.loaded.job.run.durability == "power_loss":
            self.report.to_disk()
        if not finished:
            wired.tally.worked += spent.seconds
            wired.tally.cpu += spent.meter.total()
            tally = Batch(tally=encode_tally(wired.tally))
            await self.store.commit(self.opened.grant, tally, lambda: ())
        await self.store.close(finished=finished)
        self.over = finished
        if finished:
            self._settle(good=code == 0 and end.reason != LIMIT_REACHED)
        reached("finish.after")
        return Ended(
            exit_code=code, lines=tuple(end_lines(summary, details)), finished=finished,
            summary=summary,
        )  # fmt: skip

    def _settle(self, *, good: bool) -> None:
        for output in self.outputs:
            output.sink.settle()
        self.kept.end(good=good)

    def _balance(self, wired: Wired) -> None:
        books, kinds = self.store.books(), wired.tally.items
        if not books.balanced:
            raise BooksError(f"the books do not balance: {books}")
        for name, kind in kinds.items():
            if not kind.balanced:
                raise BooksError(f"the items {name} do not balance: {kind}")

    def _judge(self, wired: Wired) -> tuple[int, tuple[str, ...]]:
        judgement = judge_run(
            self.loaded.job, self.store.books(), wired.tally, limit=self.options.limit,
            start_error=wired.crawl.start_error,
        )  # fmt: skip
        code, reasons = judgement.exit_code, judgement.reasons
        example = self.report.recorder.failed_start
        if code == NO_START_REACHED and example is not None:
            reasons = (f"{reasons[0]}; the first: {example}", *reasons[1:])
        return code, tuple(self._with_command(reason) for reason in reasons)

    async def _tell_changes(
        self, wired: Wired, end: End, code: int, checks: tuple[str, ...]
    ) -> tuple[int, tuple[str, ...]]:
        """Tell what changed, in an incremental job; return the judgement with what that adds."""
        # A look with a limit tells nothing: the next run does.
        if wired.settling is None or end.reason == LIMIT_REACHED:
            return code, checks
        whole = end.reason == "finished" and code in _SEEN_ALL and self.opened.retry_of is None
        told = await wired.settling.settle(whole=whole and wired.crawl.start_error is None)
        return combine((code, told.exit_code)), (*told.reasons, *checks)

    def _with_command(self, reason: str) -> str:
        """Add to a reason what can be done: to see the line of robots.txt that decided."""
        if _PRIVATE in reason:
            return f"{reason}; if it is yours, set fetch.private_addresses: allow"
        start = self.report.recorder.forbidden_start
        if start is None or not reason.startswith("robots.txt forbids"):
            return reason
        words = ("explain", str(self.loaded.path), start)
        command = f"{self.options.program} {shlex.join(words)}"
        return f"{reason}; the line that does: {command}"

    def _gave_up(self, wired: Wired, end: End) -> tuple[int | None, tuple[str, ...]]:
        """Return the exit code of a run that had to end before it was through, and why it had."""
        files, memory = self.loaded.job.files, wired.crawl.sight.parts.memory
        if end.finished:
            return None, ()
        if files is not None and end.reason in (NO_NAMES, NO_ROOM):
            most = f"files.max_pause ({took(files.max_pause)})"
            if end.reason == NO_NAMES:
                return SAFETY, (f"no name server answered for {most}; once one does, go on",)
            return CANNOT_WRITE, (f"no room on the disk for {most}; make some, and go on",)
        if memory is not None and end.reason == OUT_OF_MEMORY:
            limit = f"run.memory_limit ({size(memory.limit)})"
            why = f"{limit} is less than is taken with nothing on its way; raise it, and go on"
            return SAFETY, (why,)
        return None, ()

    async def _sum_up(
        self, wired: Wired, end: End, code: int, checks: tuple[str, ...], spent: Spent
    ) -> Summary:
        unreached = await self.store.unreached() if self.opened.refresh else 0
        ending = Ending(
            exit_code=code, reason=end.reason, checks=checks, seconds=spent.seconds,
            crawled=spent.crawled, busy=spent.busy, cpu=spent.meter.total(),
            wall=spent.wall, loop=spent.loop,
            stuck=spent.stuck, writing_cpu=spent.writing_cpu,
            outputs=tuple(map(str, self._paths(quarantine=False))),
            lag=wired.staff.lateness(), workers=wired.staff.count,
            workers_rss=wired.staff.peak_rss,
            memory=self._memory(wired, spent.now), unreached=unreached,
        )  # fmt: skip
        books, bottleneck = self.store.books(), wired.crawl.bottleneck
        return sum_up(self.loaded.job, self.opened, books, wired.tally, bottleneck, ending)

    def _memory(self, wired: Wired, now: float) -> dict[str, float]:
        memory = wired.crawl.sight.parts.memory
        if memory is None:
            return {}
        held = round(memory.held(now), 1)
        return {"limit_bytes": memory.limit, "held_s": held, "times": memory.times}

    def _details(self, summary: Summary, hosts: HostCounts) -> Details:
        """Gather what is told beside the summary."""
        recorder, folder = self.report.recorder, self.report.folder
        # Half a run, or a look at one, compares with nothing and says nothing of rules.
        ended = not summary.stopped and summary.reason != LIMIT_REACHED
        whole = ended and summary.retry_of is None
        past = past_runs(folder.parent, summary.run) if whole else []
        last = past[0].rules if past else {}
        rules = placed_rules(self.loaded.job) if whole else []
        outputs = self._paths(quarantine=False)
        return Details(
            outputs=outputs, not_in=_not_in(outputs), report=folder, errors=recorder.examples,
            problems=recorder.problems, bad_starts=recorder.bad_starts, notes=recorder.notes,
            notes_count=recorder.notes_count,
            quarantine=next(iter(self._paths(quarantine=True)), None),
            misses=rule_misses(
                rules, summary.rules, last, str(self.loaded.path), self.options.program
            ),
            past=past,
            hosts=hosts.largest(_HOSTS), slowest=sorted(hosts.slowest, reverse=True),
        )  # fmt: skip

    def _paths(self, *, quarantine: bool) -> list[Path]:
        outputs = (one for one in self.outputs if not one.events)
        paths = [one.sink.path for one in outputs if one.quarantine == quarantine]
        return [path for path in paths if path is not None]


def _not_in(files: Sequence[Path]) -> dict[Path, Path]:
    """Return the outputs that are not made of these files, or not yet."""
    return {file: output for file in files if (output := target_of(file)) is not None}
