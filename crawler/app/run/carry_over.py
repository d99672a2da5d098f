"""What `mode: replace` outputs hold, carried over into a run that only adds to it.

A retry finds a part of a job's items. Its outputs begin with all that the run before it wrote,
found by the mark that this run left, so that a complete file is never replaced by a few lines.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import msgspec

from crawler.errors import ConfigError, OutputError
from crawler.interfaces import LastRun, Mark
from crawler.sinks.file_output import FileOutput, is_rendered, journal_of, target_of
from crawler.sinks.marked_file import MarkedFile


def carry_over(outputs: Iterable[FileOutput], last: LastRun, *, whole: bool) -> tuple[Mark, ...]:
    """Make the files that replace others begin with what the last run wrote.

    Args:
        outputs: Of the job; those that replace nothing are left alone.
        last: The run that is added to.
        whole: False if that run was cut short by a limit of the command line.

    Returns:
        The marks with which their sinks go on.

    Raises:
        ConfigError: What was written cannot be added to; nothing is changed.
        OutputError: It cannot be copied.
    """
    held = {mark.sink: mark for mark in last.marks}
    replacing = [one for one in outputs if one.mode == "replace"]
    for output in replacing:
        if not whole:
            raise _refused(output, f"run {last.run_id} was ended by --limit")
        if output.name not in held:
            raise _refused(output, f"run {last.run_id} did not write to it")
    sources = [_source(one, held[one.name], last) for one in replacing if held[one.name].length]
    return tuple(source() for source in sources)


def _refused(output: FileOutput, why: str) -> ConfigError:
    return ConfigError(
        f"output {output.path} (mode: replace) would be replaced by a part of the items: {why};"
        " -o FILE names another file for what the retry finds"
    )


def _source(output: FileOutput, mark: Mark, last: LastRun) -> Callable[[], Mark]:
    """Find the items of the last run; return what brings them where this run goes on."""
    journal, aside = Path(mark.path), journal_of(output.path)
    moved = msgspec.structs.replace(mark, path=str(aside))
    if MarkedFile(mark.sink, journal, sync=False).holds(mark):
        return lambda: _copied(journal, aside, moved, packed=False)
    target = target_of(journal)
    packed = target is not None and target.name.lower().endswith(".jsonl.gz")
    if target is None or (is_rendered(target.name) and not packed):
        raise _refused(
            output, f"lines cannot be added to {target.name if target else output.path.name}"
        )
    changed = _refused(output, f"{target} is not what run {last.run_id} left there")
    if not packed and not _is_exactly(target, mark):
        raise changed
    if packed and not target.is_file():
        raise changed

    def unpack() -> Mark:
        try:
            return _copied(target, aside, moved, packed=packed)
        except (EOFError, gzip.BadGzipFile) as error:
            raise changed from error

    return unpack


def _is_exactly(path: Path, mark: Mark) -> bool:
    file = MarkedFile(mark.sink, path, sync=False)
    return file.holds(mark) and path.stat().st_size == mark.length


def _copied(source: Path, to: Path, mark: Mark, *, packed: bool) -> Mark:
    """Copy as many bytes as the mark says, unless they are there already; return the mark."""
    if source == to:
        return mark
    aside = to.with_name(f"{to.name}.copy")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with _opened(source, packed=packed) as file, aside.open("wb") as out:
            shutil.copyfileobj(file, out)
            out.truncate(mark.length)
        if not MarkedFile(mark.sink, aside, sync=False).holds(mark):
            raise OutputError(f"{source} is not what the last run left there; use -o FILE")
        aside.replace(to)
    except gzip.BadGzipFile:
        raise
    except OSError as error:
        raise OutputError(f"cannot write {to}: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)
    return mark


def _opened(path: Path, *, packed: bool) -> BinaryIO:
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]
