"""The job's lock: one run of a job at a time, freed by the kernel when its process dies."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import IO, Any, Self

from crawler.errors import BusyError, StateError

#: What is said of the run that holds a lock.
_SAID = ("pid", "host", "since")
#: Bytes of a note that are read.
_MOST = 65_536
#: Looks at a lock that is held, and seconds between them: `status` holds it for an instant.
_LOOKS, _BETWEEN = 3, 0.02


class JobLock:
    """An exclusive `flock` on a file that also says who holds it.

    Args:
        path: The lock file. It is never deleted: a new file of the same name would be another
            lock.

    Attributes:
        before: What the last holder left in the note; empty where there was none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self.before: dict[str, Any] = {}

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
        if not _locked(file):
            with file:
                raise BusyError(f"another run of this job is going on: {_holder(file)}")
        self._file = file
        self.before = _note(file)
        self.note(holder)
        return self

    def note(self, holder: dict[str, str | int]) -> None:
        """Say anew who holds the lock."""
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()
        json.dump(holder, self._file)
        self._file.flush()

    def release(self) -> None:
        """Free the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None


def holder_of(path: Path) -> dict[str, Any] | None:
    """Return what the run that holds a lock says of itself; None if none holds it.

    The lock is held for the instant of the look where it is free.

    Raises:
        StateError: The file cannot be read.
    """
    try:
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _note(file)
            return None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error


def _locked(file: IO[str]) -> bool:
    for look in range(_LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if look + 1 < _LOOKS:
                time.sleep(_BETWEEN)
        else:
            return True
    return False


def _note(file: IO[str]) -> dict[str, Any]:
    try:
        noted = json.loads(file.read(_MOST))
    except ValueError:  # empty, or read in the instant between lock and note
        return {}
    return noted if isinstance(noted, dict) else {}


def _holder(file: IO[str]) -> str:
    held = _note(file)
    if not held:
        return "it has only just begun"
    return ", ".join(f"{name} {held[name]}" for name in _SAID if name in held)
