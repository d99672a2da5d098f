"""The note beside an append file that says whose it is and whether it is whole.

Jobs may share an append file, one after the other. A job that died in the middle may have left
lines that nothing vouches for; only its own next run knows where to cut. Until then the note keeps
others off. A file that is whole is never cut: what follows our mark may be another job's.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from crawler.damage import UNREADABLE
from crawler.errors import OutputError
from crawler.files import replace_file


class _Note(msgspec.Struct, frozen=True):
    job: str
    length: int
    clean: bool


class Sidecar:
    """The note of one append file.

    Args:
        path: The append file; the note lies beside it as `.NAME.crawler`.
        job: Name of the job that is about to write.
    """

    def __init__(self, path: Path, job: str) -> None:
        self._output = path
        self._path = path.with_name(f".{path.name}.crawler")
        self._job = job

    def _read(self) -> _Note | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Note)
        except FileNotFoundError:
            return None
        except (OSError, *UNREADABLE) as error:
            raise OutputError(f"cannot read {self._path}: {error}") from error

    def check(self) -> int | None:
        """Refuse a file that another job left unclean.

        Returns:
            The length at which this job began to write if it left the file unclean itself, else
            None.

        Raises:
            OutputError: It is unclean; says whose it is and what to do.
        """
        note = self._read()
        if note is None or note.clean:
            return None
        if note.job == self._job:
            return note.length
        raise OutputError(
            f"{self._output}: job {note.job!r} did not finish writing to it; run that job"
            f" first, or, if it is gone, check the file's end and delete {self._path}"
        )

    def lost(self) -> OutputError:
        """Return the complaint about a file of ours whose state is gone."""
        return OutputError(
            f"{self._output}: this job did not finish writing to it, and no longer knows where its"
            f" last whole item ends; check the file's end and delete {self._path}"
        )

    def vouches(self) -> bool:
        """Tell whether the file is not ours to cut: it is whole, or another job's by now.

        Raises:
            OutputError: The note cannot be read.
        """
        note = self._read()
        return note is not None and (note.clean or note.job != self._job)

    def begin(self, length: int) -> None:
        """Note that writing begins."""
        self._write(length, clean=False)

    def end(self, length: int) -> None:
        """Note that the file is whole."""
        self._write(length, clean=True)

    def settled(self) -> None:
        """Note that our own file was cut back, if there is a note at all."""
        if self._path.exists():
            self._write(self._output.stat().st_size if self._output.exists() else 0, clean=True)

    def _write(self, length: int, *, clean: bool) -> None:
        note = msgspec.json.encode(_Note(self._job, length, clean))
        try:
            replace_file(self._path, note)
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error
