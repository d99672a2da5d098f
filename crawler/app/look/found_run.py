"""A run of the past or the present, found by its id or by its job's name. Read-only."""

from __future__ import annotations

from pathlib import Path

import msgspec

from crawler.app.job.history import history_of
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.known_jobs import job_names
from crawler.config.suggest import did_you_mean
from crawler.errors import ConfigError
from crawler.storage.run_look import RunLook

#: Run ids that a mistyped one is compared with, the newest of each job.
_COMPARED = 200
#: Letters of a run id that may stand for all of it: its day and hour.
_PREFIX = 11


class FoundRun(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run's files are.

    Attributes:
        paths: The job's.
        in_state: The job's database is that of this run: it is the job's last.
    """

    paths: JobPaths
    run_id: str
    in_state: bool

    @property
    def report(self) -> Path:
        """Folder of its report."""
        return self.paths.report(self.run_id)


def find_run(base: Path, word: str) -> FoundRun:
    """Return the run that a word names: a run id, or a job's name for its last run.

    Args:
        base: Base of state, data and reports, absolute.
        word: As the user wrote it; the beginning of an id will do if no other begins so, and so
            will the folder of a report.

    Raises:
        ConfigError: There is no such run.
        StateError: The job's state, or the history, cannot be read.
    """
    names = job_names(base)
    word = _run_of_folder(base, word)
    if word in names:
        return _last_run(JobPaths(base, word))
    for name in names:
        paths = JobPaths(base, name)
        here = _run_in_state(paths) == word
        if here or word in _run_ids(paths):
            return FoundRun(paths=paths, run_id=word, in_state=here)
    kept = history_of(base).starts_of(word)
    if kept:  # its report is gone, its record is not
        return FoundRun(paths=JobPaths(base, kept[0].job), run_id=word, in_state=False)
    if len(word) >= _PREFIX and (only := _begins_with(base, names, word)) is not None:
        return only
    known = [
        *names,
        *(run for name in names for run in _run_ids(JobPaths(base, name))[-_COMPARED:]),
    ]
    hint = did_you_mean(word, known) or (
        f"there are the jobs {', '.join(names[:8])}" if names else "--dir names where jobs were run"
    )
    raise ConfigError(f"no run and no job '{word}' under {base}; {hint}")


def _run_of_folder(base: Path, word: str) -> str:
    """Return the run id of a word that is the folder of a report; any other word as it is.

    Raises:
        ConfigError: It is one of another base.
    """
    folder = Path(word).resolve() if "/" in word else None
    if folder is None or not folder.is_dir() or folder.parts[-3:-2] != ("reports",):
        return word
    if folder.parents[2] != base.resolve():
        raise ConfigError(
            f"{word} is a report of jobs under {folder.parents[2]}; name that with --dir"
        )
    return folder.name


def _begins_with(base: Path, names: list[str], word: str) -> FoundRun | None:
    """Return the only run whose id begins like that; None if there are several, or none."""
    found = [
        (paths, run)
        for paths in (JobPaths(base, name) for name in names)
        for run in _run_ids(paths)
        if run.startswith(word)
    ]
    if len(found) != 1:
        return None
    paths, run = found[0]
    return FoundRun(paths=paths, run_id=run, in_state=_run_in_state(paths) == run)


def find_two(base: Path, old: str, new: str | None) -> tuple[FoundRun, FoundRun]:
    """Return two runs to be held against each other.

    Args:
        base: Base of state, data and reports, absolute.
        old: A run id, or a job's name for its last run.
        new: The same. None: `old` is a job, and its last two runs are meant.

    Raises:
        ConfigError: There is no such run, or no second one.
        StateError: The job's state cannot be read.
    """
    if new is not None:
        return find_run(base, old), find_run(base, new)
    last = find_run(base, old)
    if old == last.run_id:
        raise ConfigError(f"hold run {old} against which? Name a second run, or the job alone")
    before = [run for run in _run_ids(last.paths) if run < last.run_id]
    if not before:
        raise ConfigError(
            f"job '{old}' has no report of a run before {last.run_id} to hold it against"
        )
    return FoundRun(paths=last.paths, run_id=before[-1], in_state=False), last


def _last_run(paths: JobPaths) -> FoundRun:
    here, ids = _run_in_state(paths), _run_ids(paths)
    # A run that keeps no state has a report alone; ids sort by time.
    newest = max([*ids[-1:], *([here] if here else [])], default=None)
    if newest is None:
        raise ConfigError(f"job '{paths.name}' has no run yet under {paths.base}")
    return FoundRun(paths=paths, run_id=newest, in_state=newest == here)


def _run_in_state(paths: JobPaths) -> str | None:
    if not paths.database.is_file():
        return None
    with RunLook(paths.database) as look:
        return look.run_id


def _run_ids(paths: JobPaths) -> list[str]:
    """Return the ids of all runs that have a report, sorted."""
    folder = paths.base / "reports" / paths.name
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
