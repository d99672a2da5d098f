"""The history of all jobs under one base: `state/runs.sqlite`, a record for each start of a job.

A record is written when the call returns: after a kill it says what is known. Between calls nothing
is locked, so that a run of hours holds nobody up. Many processes may write at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from crawler.errors import StateError
from crawler.schedule.history_file import BUSY, opened, reading, transaction
from crawler.schedule.past_run import (
    KILLED,
    MACHINE_DOWN,
    Counts,
    Left,
    PastRun,
    Planned,
    RunBegan,
    RunEnded,
    Standing,
)

__all__ = ["Counts", "Left", "PastRun", "Planned", "RunBegan", "RunEnded", "RunHistory"]

#: Starts of each job that are kept, the newest ones: of a nightly job 27 years, of one that starts
#: every five minutes a month.
KEPT = 10_000

#: Exit code of a config that could not be run: nothing was fetched.
_REFUSED = 2
_COUNTS = ("pages", "items", "failed", "bytes", "peak_rss_bytes")
_PLANNED = ("cron", "zone", "slack")
_LATEST = "SELECT * FROM start WHERE job = ? AND number < ? ORDER BY number DESC LIMIT ?"
_LATEST_OF_ALL = "SELECT * FROM start WHERE number < ? ORDER BY number DESC LIMIT ?"
_RUNNING = "SELECT * FROM start WHERE job = ? AND standing = 'running' ORDER BY number DESC"
_ALL = 1 << 62


class RunHistory:
    """What became of the runs of all jobs under a base.

    Args:
        path: `state/runs.sqlite`; it is made by the first record.
        alive: Tells whether the process of a record that says "running" still is; the lock of its
            job knows. By default it is taken at its word.
        boot: Which boot of which machine this is, (host, id): a process of an earlier one went
            down with the machine. None where that cannot be known.

    Every method raises `StateError` if the file cannot be used: damaged, newer, no room.
    """

    def __init__(
        self,
        path: Path,
        alive: Callable[[PastRun], bool] = lambda _: True,
        boot: tuple[str, str] | None = None,
    ) -> None:
        self.path = path
        self._alive = alive
        self._boot = boot
        self._db: sqlite3.Connection | None = None

    def hold(self) -> None:
        """Keep the file open until `close`: it takes longer to open than to write to."""
        if self._db is None:
            self._db = opened(self.path)

    def close(self) -> None:
        """Close the file, if it is kept open."""
        if self._db is not None:
            self._db.close()
            self._db = None

    @contextmanager
    def _writing(self, patience: float = BUSY) -> Iterator[sqlite3.Connection]:
        with ExitStack() as stack:
            db = self._db or stack.enter_context(closing(opened(self.path)))
            yield stack.enter_context(transaction(db, self.path, patience))

    def began(self, began: RunBegan, left: Left | None = None) -> int:
        """Put on record that a process runs a job, whose lock it holds; return the number.

        Records of the job that still say "running" are of processes that crashed, as the lock was
        free: from now on they say so.

        Args:
            began: The process.
            left: What the last of those left.
        """
        with self._writing() as db:
            self._settle(db, began.job, left or Left())
            number = _insert(db, began, "running")
            _forget_old(db, began.job)
        return number

    def named(self, number: int, run: str, report: Path, *, resumed: bool) -> None:
        """Put on record which run it is.

        Args:
            number: Of the record.
            run: Id of the run.
            report: Folder of its report.
            resumed: It goes on with a run that was begun before.
        """
        values = {"run": run, "report": str(report), "resumed": int(resumed)}
        with self._writing() as db:
            self._change(db, number, values)

    def ended(self, number: int, ended: RunEnded, patience: float = BUSY) -> None:
        """Put on record how it ended.

        Args:
            number: Of the record.
            ended: How.
            patience: Seconds to wait for others that write.
        """
        standing = "refused" if ended.exit == _REFUSED else "ended"
        values = {
            "standing": standing, "ended": ended.ended, "exit": ended.exit, "reason": ended.reason,
            "why": ended.why, **_counts(ended.counts),
        }  # fmt: skip
        with self._writing(patience) as db:
            self._change(db, number, values)

    def skipped(self, began: RunBegan, why: str, exit_code: int = 75) -> int:
        """Put on record a start that found another run of the job going on; return the number."""
        return self._not_run(began, "skipped", why, exit_code)

    def refused(self, began: RunBegan, why: str, exit_code: int = 2) -> int:
        """Put on record a start whose config could not be run; return the number."""
        return self._not_run(began, "refused", why, exit_code)

    def recent(self, job: str, limit: int, before: int | None = None) -> list[PastRun]:
        """Return the latest starts of a job, the last one first; none if there is no history.

        Args:
            job: Its name.
            limit: How many at most.
            before: Only those with a lesser number; None for all.
        """
        return self._found(_LATEST, (job, before or _ALL, limit))

    def recent_of_all(self, limit: int, before: int | None = None) -> list[PastRun]:
        """Return the latest starts of all jobs, as `recent` does."""
        return self._found(_LATEST_OF_ALL, (before or _ALL, limit))

    def starts_of(self, run: str) -> list[PastRun]:
        """Return all starts of a run, the first one first."""
        return self._found("SELECT * FROM start WHERE run = ? ORDER BY number", (run,))

    def start(self, number: int) -> PastRun | None:
        """Return one start; None if there is none of that number."""
        return next(iter(self._found("SELECT * FROM start WHERE number = ?", (number,))), None)

    def unsettled(self, job: str) -> PastRun | None:
        """Return the last start of a job that has not said how it ended; None if all have."""
        return next(iter(self._found(f"{_RUNNING} LIMIT 1", (job,))), None)

    def first_by_schedule(self, job: str) -> int | None:
        """Return the number of the first start of a job that was not made by hand."""
        found = self._found(
            "SELECT * FROM start WHERE job = ? AND trigger <> 'hand' ORDER BY number LIMIT 1",
            (job,),
        )
        return found[0].number if found else None

    def jobs(self) -> list[str]:
        """Return the names of all jobs, sorted."""
        if not self.path.exists():
            return []
        with reading(self.path) as db:
            return [name for (name,) in db.execute("SELECT DISTINCT job FROM start ORDER BY job")]

    def _change(self, db: sqlite3.Connection, number: int, values: dict[str, Any]) -> None:
        if not (self.path.exists() and _update(db, number, values)):
            raise StateError(f"{self.path} was taken away while this run went on")

    def _found(self, sql: str, values: tuple[Any, ...]) -> list[PastRun]:
        if not self.path.exists():
            return []
        with reading(self.path) as db:
            try:
                found = list(_past_runs(db.execute(sql, values)))
            except msgspec.ValidationError as error:
                raise StateError(f"{self.path} is damaged: {error}") from error
        return [self._truth(run) for run in found]

    def _truth(self, run: PastRun) -> PastRun:
        if run.standing != "running" or self._alive(run):
            return run
        return msgspec.structs.replace(run, standing="crashed", reason=self._cause(run))

    def _cause(self, run: PastRun) -> str:
        here = self._boot is not None and run.boot is not None and run.host == self._boot[0]
        return MACHINE_DOWN if here and self._boot != (run.host, run.boot) else KILLED

    def _settle(self, db: sqlite3.Connection, job: str, left: Left) -> None:
        for run in list(_past_runs(db.execute(_RUNNING, (job,)))):
            values = {
                "standing": "crashed", "reason": self._cause(run), "ended": left.seen,
                **_counts(left.counts),
            }  # fmt: skip
            _update(db, run.number, values)
            left = Left()  # only the last one is known

    def _not_run(self, began: RunBegan, standing: Standing, why: str, exit_code: int) -> int:
        with self._writing() as db:
            number = _insert(db, began, standing)
            values = {"ended": began.started, "exit": exit_code, "reason": standing, "why": why}
            _update(db, number, values)
            _forget_old(db, began.job)
        return number


def _insert(db: sqlite3.Connection, began: RunBegan, standing: Standing) -> int:
    values = msgspec.to_builtins(began) | {"standing": standing}
    del values["planned"]
    for name in _PLANNED if began.planned is not None else ():
        values[name] = getattr(began.planned, name)
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    row = db.execute(f"INSERT INTO start ({names}) VALUES ({marks})", tuple(values.values()))
    assert row.lastrowid is not None
    return row.lastrowid


def _update(db: sqlite3.Connection, number: int, values: dict[str, Any]) -> bool:
    names = ", ".join(f"{name} = ?" for name in values)
    row = db.execute(f"UPDATE start SET {names} WHERE number = ?", (*values.values(), number))
    return row.rowcount == 1


def _forget_old(db: sqlite3.Connection, job: str) -> None:
    newest = "SELECT number FROM start WHERE job = ? ORDER BY number DESC LIMIT 1 OFFSET ?"
    db.execute(f"DELETE FROM start WHERE job = ? AND number <= ({newest})", (job, job, KEPT))


def _counts(counts: Counts | None) -> dict[str, int | None]:
    return {} if counts is None else {name: getattr(counts, name) for name in _COUNTS}


def _past_runs(rows: sqlite3.Cursor) -> Iterator[PastRun]:
    names = [column[0] for column in rows.description]
    for row in rows:
        values = dict(zip(names, row, strict=True))
        counts = {name: values.pop(name) for name in _COUNTS}
        plan = {name: values.pop(name) for name in _PLANNED}
        values["counts"] = counts if counts["pages"] is not None else None
        values["planned"] = plan if plan["cron"] is not None else None
        values["resumed"] = bool(values["resumed"])
        yield msgspec.convert(values, PastRun)
