"""Outputs of a run that did not end: cut back to what was committed, before anything else."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from crawler.app.job_paths import JobPaths
from crawler.errors import OutputError, StateError
from crawler.interfaces import Mark
from crawler.sinks.marked_file import MarkedFile
from crawler.sinks.sidecar import Sidecar


def recover_outputs(marks: Iterable[Mark], job: str, *, needed: bool) -> None:
    """Cut each file back to its mark, whatever the next run is going to be.

    Args:
        marks: What the last run committed.
        job: The job's name.
        needed: True when the run goes on; otherwise a file that is gone is no loss.

    Raises:
        OutputError: A file is not what was committed; it is left alone.
    """
    for mark in marks:
        path = Path(mark.path)
        _take_back(path, mark)
        sidecar = Sidecar(path, job)
        if (not needed and not path.exists()) or sidecar.vouches():
            continue
        MarkedFile(mark.sink, path, sync=False).recover(mark)
        sidecar.settled()


def wipe_history(paths: JobPaths) -> None:
    """Delete a job's database and what lies beside it; its lock stays.

    Raises:
        StateError: It cannot be deleted.
    """
    for path in paths.state.glob(f"{paths.database.name}*"):
        try:
            path.unlink()
        except OSError as error:
            raise StateError(f"cannot delete {path}: {error.strerror}") from error


def _take_back(part: Path, mark: Mark) -> None:
    """Make a replaced file's part again if the kill came between its swap and the run's end."""
    final = part.with_name(part.name.removeprefix(".").removesuffix(".part"))
    if part.name != f".{final.name}.part" or part.exists() or not mark.length:
        return
    if not MarkedFile(mark.sink, final, sync=False).holds(mark):
        return  # it is the file of an earlier run: there was no swap
    aside = part.with_name(f"{part.name}.copy")
    try:
        shutil.copyfile(final, aside)
        aside.replace(part)
    except OSError as error:
        raise OutputError(f"cannot write {part}: {error.strerror}") from error
