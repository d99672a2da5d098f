"""The history of runs under a base, which knows from the locks what still runs."""

from __future__ import annotations

from pathlib import Path

from crawler.app.job.job_paths import JobPaths, history_path
from crawler.app.job.this_boot import this_boot
from crawler.damage import UNREADABLE
from crawler.engine.tally import decode_tally
from crawler.errors import StateError
from crawler.schedule.run_history import Counts, Left, PastRun, RunHistory
from crawler.storage.job_lock import holder_of
from crawler.storage.run_look import RunLook


def history_of(base: Path) -> RunHistory:
    """Return the history of all jobs under a base, absolute."""
    return RunHistory(history_path(base), lambda run: _is_alive(base, run), this_boot())


def _is_alive(base: Path, run: PastRun) -> bool:
    try:
        holder = holder_of(JobPaths(base, run.job).lock)
    except StateError:
        return True  # nothing speaks against it
    if holder is None:
        return False
    # One that has only just begun has not said who it is.
    return not holder or (holder.get("pid"), holder.get("host")) == (run.pid, run.host)


def left_by(paths: JobPaths, run: PastRun) -> Left:
    """Return what a run that did not say how it ended has left so far; what it can, no errors.

    Args:
        paths: The job's.
        run: One that runs, or crashed.
    """
    database = paths.database
    signs = [database, database.with_name(f"{database.name}-wal")]
    if run.report is not None:
        signs.append(Path(run.report) / "run.log")
    seen = max((_changed(path) for path in signs), default=0.0)
    counts = None if run.run is None else _committed(database, run.run)
    return Left(seen=seen if seen >= run.started else None, counts=counts)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _committed(database: Path, run: str) -> Counts | None:
    if not database.is_file():
        return None
    try:
        with RunLook(database) as look:
            if look.run_id != run:
                return None
            books, tally = look.books, decode_tally(look.tally)
    except (StateError, *UNREADABLE):
        return None
    return Counts(
        pages=books.done, items=sum(kind.out for kind in tally.items.values()),
        failed=books.failed + books.dead, bytes=tally.wire_bytes,
    )  # fmt: skip
