"""The runs of one job or of all, the last one first, out of the history. Read-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from pathlib import Path

import msgspec

from crawler.app.job.history import left_by
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.unjudged import is_retry, is_unjudged
from crawler.engine.limits import PAUSED
from crawler.errors import StateError
from crawler.schedule.missed import Missed, Occurrences, missed_between
from crawler.schedule.past_run import Counts, PastRun
from crawler.schedule.run_history import RunHistory
from crawler.storage.run_look import RunLook

#: Starts that are read at a time.
_AT_A_TIME = 100
#: Starts among which the run is looked for that another one is compared with.
_LOOKED_INTO = 50
#: A share of items that a run may have less than the one before, until it is pointed out.
_DROP = 0.10


class RunOfList(msgspec.Struct, kw_only=True):
    """A run, or what came of it that there was none.

    Attributes:
        starts: All starts of it, the first one first; none of one that was missed.
        started: Wall-clock second of the last of them.
        counts: What is known that it gave, None for nothing.
        seen: Of one that crashed, the wall-clock second of its last sign of life.
        change: Items against those of the good run before, as a share: -0.1 is a tenth less. None
            where there is nothing to compare.
        latest: No later start of the job has come to its end.
        resumable: The next run of the job goes on with it.
        missed: Starts that nobody made; None for a run.
    """

    job: str
    started: float
    starts: list[PastRun] = msgspec.field(default_factory=list)
    counts: Counts | None = None
    seen: float | None = None
    change: float | None = None
    latest: bool = False
    resumable: bool = False
    missed: Missed | None = None

    @property
    def last(self) -> PastRun | None:
        """The last start."""
        return self.starts[-1] if self.starts else None

    @property
    def bad(self) -> bool:
        """It did not do what it was to do."""
        return self.last is None or self.last.bad

    @property
    def look(self) -> bool:
        """Somebody should look at it."""
        return (self.bad and self.latest) or (self.change is not None and self.change <= -_DROP)

    @property
    def took(self) -> float | None:
        """Seconds over all its starts; None where none is known."""
        known = [run.duration for run in self.starts if run.duration is not None]
        if self.seen is not None and self.last is not None:
            known.append(max(0.0, self.seen - self.last.started))
        return sum(known) if known else None


class RunList:
    """Lists runs.

    Args:
        base: Base of state, data and reports, absolute.
        history: Of that base.
        now: Wall-clock second.
        times: Knows what a schedule asks for.
    """

    def __init__(self, base: Path, history: RunHistory, now: float, times: Occurrences) -> None:
        self._base = base
        self._history = history
        self._now = now
        self._times = times

    def of_all(self) -> Iterator[RunOfList]:
        """Yield the runs of all jobs, the last one first."""
        yield from merge(*map(self.of, self._history.jobs()), key=lambda run: -run.started)

    def of(self, job: str) -> Iterator[RunOfList]:
        """Yield the runs of a job, the last one first.

        Raises:
            StateError: The history cannot be read.
        """
        latest = True
        for run in self._in_order(job):
            run.latest = latest and not _is_beside(run.last)
            latest = latest and (_is_beside(run.last) or _is_running(run.last))
            yield run

    def _starts(self, job: str) -> Iterator[PastRun]:
        before: int | None = None
        while found := self._history.recent(job, _AT_A_TIME, before):
            yield from found
            before = found[-1].number

    def _in_order(self, job: str) -> Iterator[RunOfList]:
        """Yield runs and what was missed between them; reads no further back than is asked for."""
        first = self._history.first_by_schedule(job)
        known: set[str] = set()
        # Back to the last start that the schedule made: what was missed belongs among them.
        held: list[RunOfList] = []
        newer: PastRun | None = None
        beside: list[PastRun] = []
        for start in self._starts(job):
            beside.append(start)
            if start.trigger != "hand":
                found = missed_between(start, newer, beside, self._now, self._times)
                if found is not None:
                    held.append(RunOfList(job=job, started=found.last, missed=found))
                newer, beside = start, [start]
            if start is newer or first is None or start.number < first:
                yield from sorted(held, key=lambda run: -run.started)
                held, beside = [], beside[-1:]
            if start.run is None or start.run not in known:
                held.append(self._run_of(start, known))
        yield from sorted(held, key=lambda run: -run.started)

    def _run_of(self, start: PastRun, known: set[str]) -> RunOfList:
        starts = [start]
        if start.run is not None and start.resumed:
            known.add(start.run)
            starts = self._history.starts_of(start.run)
        return RunOfList(job=start.job, started=start.started, starts=starts, counts=start.counts)

    def chosen(self, runs: Iterable[RunOfList], most: int, *, failed: bool) -> Iterator[RunOfList]:
        """Yield the first of the runs, or of those that are bad, with all that is known of them.

        Raises:
            StateError: The history cannot be read.
        """
        for run in islice((run for run in runs if run.bad or not failed), most):
            self._complete(run)
            yield run

    def _complete(self, run: RunOfList) -> None:
        """Add what the files of the run say, and the run before it."""
        last = run.last
        if last is None:
            return
        if last.standing in ("running", "crashed") and last.ended is None:
            left = left_by(JobPaths(self._base, run.job), last)
            run.counts = left.counts or run.counts
            run.seen = left.seen if last.standing == "crashed" else None
        if run.latest and last.run is not None and (last.bad or last.reason == PAUSED):
            run.resumable = self._is_resumable(last)
        if is_unjudged(last) or is_retry(last):
            return
        if run.counts is not None and last.standing == "ended" and last.exit in (0, 3):
            before = self._good_before(run)
            if before is not None and before.items:
                run.change = run.counts.items / before.items - 1

    def _is_resumable(self, start: PastRun) -> bool:
        database = JobPaths(self._base, start.job).database
        if not database.is_file():
            return False
        try:
            with RunLook(database) as look:
                return look.run_id == start.run and look.standing in ("open", "interrupted")
        except StateError:
            return False

    def _good_before(self, run: RunOfList) -> Counts | None:
        first = run.starts[0]
        for start in self._history.recent(run.job, _LOOKED_INTO, first.number):
            whole = start.good and start.counts is not None and not is_unjudged(start)
            if whole and not is_retry(start):
                return start.counts
        return None


def _is_beside(start: PastRun | None) -> bool:
    """Tell whether a start came to nothing in a way that says nothing of the job."""
    if start is None:
        return False
    by_hand = start.standing == "refused" and start.trigger == "hand"
    return start.standing == "skipped" or by_hand


def _is_running(start: PastRun | None) -> bool:
    return start is not None and start.standing == "running"
