"""Outputs of a run that did not end: cut back to what was committed, before anything else."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from crawler.app.job.job_paths import JobPaths
from crawler.errors import OutputError, StateError
from crawler.fail_points import reached
from crawler.interfaces import Mark
from crawler.sinks.file_output import FileOutput, is_rendered, target_of
from crawler.sinks.marked_file import MarkedFile
from crawler.sinks.sidecar import Sidecar
from crawler.sinks.swap_note import NoteFile


def recover_outputs(marks: Iterable[Mark], job: str, *, needed: bool) -> None:
    """Cut each file back to its mark, whatever the next run is going to be.

    Args:
        marks: What the last run committed.
        job: The job's name.
        needed: True when the run goes on; otherwise a file that is gone is no loss.

    Raises:
        OutputError: A file is not what was committed; it is left alone.
    """
    reached("recover.before")
    for mark in marks:
        path = Path(mark.path)
        if _target_of(path) is not None:
            _recover_journal(path, mark, job, needed=needed)
            continue
        _take_back(path, mark)
        sidecar = Sidecar(path, job)
        if (not needed and not path.exists()) or sidecar.vouches():
            continue
        MarkedFile(mark.sink, path, sync=False).recover(mark)
        sidecar.settled()
    reached("recover.after")


def settle_outputs(marks: Iterable[Mark], job: str) -> None:
    """Delete the journals of a run that was given up, once another has taken its place.

    Raises:
        OutputError: One cannot be deleted.
    """
    for mark in marks:
        output = noted_output(mark, job)
        if output is not None:
            _bring_to_its_place(output, mark, settle=True)


def settle_ended(marks: Iterable[Mark], job: str) -> None:
    """Delete what is left beside the outputs of a run that ended, but was killed right after.

    Args:
        marks: How long its outputs were at its end.
        job: The job's name.

    Raises:
        OutputError: Something cannot be deleted.
    """
    for mark in marks:
        output = noted_output(mark, job)
        if output is not None:
            from crawler.sinks.rendered_sink import RenderedSink

            RenderedSink(output).settle_late()


def noted_output(mark: Mark, job: str) -> FileOutput | None:
    """Return the output that a run writes to by way of a journal, from the note beside it.

    Args:
        mark: Of the run.
        job: The run's job.

    Returns:
        None if the mark is no journal's, or nothing is left to be done for it.
    """
    target = _target_of(Path(mark.path))
    note = None if target is None else NoteFile(target).read()
    if target is None or note is None or note.clean or note.job != job:
        return None
    if not Path(mark.path).exists():
        return None
    return FileOutput(
        name=mark.sink, path=target, mode=note.mode, job=note.job, columns=note.columns,
        types=note.types, formula_cells=note.formula_cells,
    )  # fmt: skip


def wipe_history(paths: JobPaths) -> None:
    """Delete a job's database and what lies beside it; its lock stays.

    Raises:
        StateError: It cannot be deleted.
    """
    reached("wipe.before")
    beside = paths.state.glob(f"{paths.files.name}*")
    for path in (*paths.state.glob(f"{paths.database.name}*"), *beside):
        try:
            path.unlink()
        except OSError as error:
            raise StateError(f"cannot delete {path}: {error.strerror}") from error
    shutil.rmtree(paths.bodies, ignore_errors=True)  # what is left of them goes with the next run
    reached("wipe.after")


def _take_back(part: Path, mark: Mark) -> None:
    """Make a replaced file's part again if the kill came between its swap and the run's end."""
    final = target_of(part)
    if final is None or part.exists() or not mark.length:
        return
    if not MarkedFile(mark.sink, final, sync=False).holds(mark):
        return  # it is the file of an earlier run: there was no swap
    aside = part.with_name(f"{part.name}.copy")
    try:
        shutil.copyfile(final, aside)
        reached("recover.copy")
        aside.replace(part)
    except OSError as error:
        raise OutputError(f"cannot write {part}: {error.strerror}") from error


def _target_of(journal: Path) -> Path | None:
    """Return what is made from a journal in the end; None if this is none."""
    target = target_of(journal)
    return target if target is not None and is_rendered(target.name) else None


def _recover_journal(path: Path, mark: Mark, job: str, *, needed: bool) -> None:
    """Cut a journal back; one that no run goes on with gets into its target now."""
    target = _target_of(path)
    assert target is not None
    note = NoteFile(target).read()
    others = note is not None and not note.clean and note.job != job
    if others or (not needed and not path.exists()):
        return
    MarkedFile(mark.sink, path, sync=False).recover(mark)
    output = noted_output(mark, job)
    if output is not None and not needed:
        # Not settled: the next run may be refused, and then this one can still go on.
        _bring_to_its_place(output, mark, settle=False)


def _bring_to_its_place(output: FileOutput, mark: Mark, *, settle: bool) -> None:
    from crawler.sinks.rendered_sink import RenderedSink

    sink = RenderedSink(output)
    try:
        sink.open(mark)
        sink.finish(good=False)  # half a set replaces nothing
        if settle:
            sink.settle()
    finally:
        sink.close()
