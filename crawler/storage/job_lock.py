"""The job's lock: one run of a job at a time, freed by the kernel when its process dies."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Self

from crawler.errors import BusyError, StateError


class JobLock:
    """An exclusive `flock` on a file that also says who holds it.

    Args:
        path: The lock file. It is never deleted: a new file of the same name would be another
            lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self, holder: dict[str, str | int]) -> Self:
        """Take the lock at once or not at all.

        Raises:
            BusyError: Another run holds it; the message says which.
            StateError: The lock file cannot be opened.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StateError(f"cannot open {self._path}: {error.strerror}") from error
        file = os.fdopen(handle, "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            with file:
                raise BusyError(f"another run of this job is going on: {_holder(file)}") from error
        file.seek(0)
        file.truncate()
        json.dump(holder, file)
        file.flush()
        self._file = file
        return self

    def release(self) -> None:
        """Free the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _holder(file: IO[str]) -> str:
    try:
        held = json.loads(file.read())
        return ", ".join(f"{name} {value}" for name, value in held.items())
    except ValueError:  # read in the instant between lock and note
        return "it has only just begun"
