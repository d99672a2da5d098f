"""The note beside an append file that says whose it is and whether it is whole.

Jobs may share an append file, one after the other. A job that died in the middle may have left
lines that nothing vouches for; only its own next run knows where to cut. Until then the note keeps
others off.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from crawler.errors import OutputError


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

    def check(self) -> None:
        """Refuse a file that another job left unclean.

        Raises:
            OutputError: It is unclean; says whose it is and what to do.
        """
        try:
            note = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise OutputError(f"cannot read {self._path}: {error}") from error
        if note["clean"] or note["job"] == self._job:
            return
        raise OutputError(
            f"{self._output}: job {note['job']!r} did not finish writing to it; run that job"
            f" first, or, if it is gone, check the file's end and delete {self._path}"
        )

    def begin(self, length: int) -> None:
        """Note that writing begins."""
        self._write(length, clean=False)

    def end(self, length: int) -> None:
        """Note that the file is whole."""
        self._write(length, clean=True)

    def settled(self) -> None:
        """Note that our own file was cut back, if there is a note at all."""
        if self._path.exists():
            self._write(self._output.stat().st_size, clean=True)

    def _write(self, length: int, *, clean: bool) -> None:
        note = json.dumps({"job": self._job, "length": length, "clean": clean})
        aside = self._path.with_name(f"{self._path.name}.tmp")
        try:
            aside.write_text(note, encoding="utf-8")
            os.replace(aside, self._path)
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error
