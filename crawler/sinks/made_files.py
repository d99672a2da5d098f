"""The files that a job made, by output: which of them are there no longer than wanted.

What is deleted is a regular file that this job made, under a name that its config gives, with the
very content that it was left with, and older than as many files of good runs as are to stay.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from crawler.damage import UNREADABLE
from crawler.errors import OutputError
from crawler.files import replace_file
from crawler.sinks.file_output import FileOutput, journal_of
from crawler.sinks.swap_note import Seal, seal_of


class MadeFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file.

    Attributes:
        output: Name of the output it is of: the path as the config has it.
        path: The file; absolute, or below the base of the job.
        good: A run that ended well wrote it.
        seal: What it was when the last run that wrote it ended; None while it is written.
    """

    output: str
    path: str
    good: bool = False
    seal: Seal | None = None


class Wanted(msgspec.Struct, frozen=True):
    """An output whose files are counted.

    Attributes:
        file: As the present run writes it.
        names: What its files are called, absolute.
        keep: How many files of good runs stay.
    """

    file: FileOutput
    names: re.Pattern[str]
    keep: int


class MadeFiles:
    """The note of a job on the files that it made.

    Args:
        note: Where it is kept.
        base: Base of the job, absolute; it may have been moved since.
        tell: Is told what is not deleted.
    """

    def __init__(self, note: Path, base: Path, tell: Callable[[str], None]) -> None:
        self._note = note
        self._base = base
        self._tell = tell

    def begin(self, outputs: Sequence[Wanted]) -> None:
        """Note what a run is about to make; call it before the outputs are opened.

        A file that is there and not on the note is somebody else's, and stays so.

        Raises:
            OutputError: The note cannot be read or written.
        """
        made = [self._as_left(one) for one in self._read()]
        known = {one.path: one for one in made}
        for output in outputs:
            name = self._name(output.file.path)
            held = known.get(name)
            if held is None and _is_there(output.file.path):
                continue
            good = held is not None and held.good
            made = [one for one in made if one.path != name]
            made.append(MadeFile(output=output.file.name, path=name, good=good))
        self._write(made)

    def end(self, outputs: Sequence[Wanted], *, good: bool) -> None:
        """Note how a run left its files; after a good one, delete those that nobody wants.

        Raises:
            OutputError: The note cannot be read or written.
        """
        paths = {self._name(one.file.path) for one in outputs}
        made = [
            MadeFile(output=one.output, path=one.path, good=one.good or good, seal=self._seal(one))
            if one.path in paths
            else one
            for one in self._read()
        ]
        self._write(made)
        if good:
            gone = {one.path for each in outputs for one in self._delete(each, made, paths)}
            if gone:
                self._write([one for one in made if one.path not in gone])

    def _delete(
        self, output: Wanted, made: Sequence[MadeFile], current: set[str]
    ) -> Iterator[MadeFile]:
        """Delete what is beyond the limit of one output; yield what is to be noted no longer."""
        own = [one for one in made if one.output == output.file.name]
        for one in superseded(own, output.keep):
            if one.path in current:
                continue
            path = self._base / one.path
            if not output.names.fullmatch(str(path)):
                continue
            try:
                self._delete_one(path, one.seal, output.file.job)
            except OSError as error:
                self._tell(f"the old output {path} cannot be deleted: {error.strerror or error}")
                continue
            yield one

    def _delete_one(self, path: Path, seal: Seal | None, job: str) -> None:
        if _is_there(path):
            if not stat.S_ISREG(path.lstat().st_mode) or seal is None or seal_of(path) != seal:
                self._tell(f"the old output {path} was changed since it was written, so it stays")
                return
            path.unlink()
        for beside in (path.with_name(f".{path.name}.crawler"), journal_of(path)):
            if _is_there(beside) and _is_ours(beside, job):
                beside.unlink()

    def _as_left(self, one: MadeFile) -> MadeFile:
        """Return a file with its seal, if the run that wrote it never came to its end."""
        if one.seal is not None:
            return one
        return msgspec.structs.replace(one, seal=self._seal(one))

    def _seal(self, one: MadeFile) -> Seal | None:
        try:
            return seal_of(self._base / one.path)
        except OSError:
            return None

    def _name(self, path: Path) -> str:
        inside = path.is_relative_to(self._base)
        return str(path.relative_to(self._base) if inside else path)

    def _read(self) -> list[MadeFile]:
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=list[MadeFile])
        except FileNotFoundError:
            return []
        except (OSError, *UNREADABLE) as error:
            raise OutputError(
                f"cannot read {self._note}, which says what files `keep` counts ({error}); delete"
                " it, and they stay for good"
            ) from error

    def _write(self, made: list[MadeFile]) -> None:
        try:
            replace_file(self._note, msgspec.json.encode(made))
        except OSError as error:
            raise OutputError(f"cannot write {self._note}: {error.strerror}") from error


def superseded(made: Sequence[MadeFile], keep: int) -> list[MadeFile]:
    """Return the files of an output that are older than the newest `keep` of good runs.

    Args:
        made: The oldest first.
        keep: How many.
    """
    good = 0
    for place in range(len(made) - 1, -1, -1):
        if good == keep:
            return list(made[: place + 1])
        good += made[place].good
    return []


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _is_ours(beside: Path, job: str) -> bool:
    """Tell whether what lies beside an old output is of no more use to anybody."""
    if not stat.S_ISREG(beside.lstat().st_mode):
        return False
    if beside.suffix != ".crawler":
        return True
    try:
        note = msgspec.json.decode(beside.read_bytes(), type=_Note)
    except UNREADABLE:
        return False
    return note.clean and note.job == job


class _Note(msgspec.Struct):
    job: str
    clean: bool = False
