"""Where process slots write how far they are, and the parent reads it: a small file of records."""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path
from typing import Self

import msgspec

_RECORD = struct.Struct("<QQQ")
NAME = ".transcode.progress"


class Standing(msgspec.Struct, frozen=True):
    """How far the work at a place is.

    Attributes:
        time_us: Microseconds of the output that are made.
        beats: Grows as long as the process is alive and at work.
        pid: Of the process; 0 before it began.
    """

    time_us: int = 0
    beats: int = 0
    pid: int = 0


class ProgressBoard:
    """The parent's side; a context, whose end deletes the file.

    Args:
        folder: Where it lies.
        places: How many there are.
    """

    def __init__(self, folder: Path, places: int) -> None:
        self.path = folder / NAME
        self._places = places
        self._handle = -1

    def __enter__(self) -> Self:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        self._handle = os.open(self.path, flags, 0o600)
        os.pwrite(self._handle, bytes(_RECORD.size * self._places), 0)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
        with contextlib.suppress(OSError):
            self.path.unlink()

    def clear(self, place: int) -> None:
        """Forget what was at a place."""
        os.pwrite(self._handle, bytes(_RECORD.size), place * _RECORD.size)

    def read(self, place: int) -> Standing:
        """Return how far the work at a place is."""
        raw = os.pread(self._handle, _RECORD.size, place * _RECORD.size)
        return Standing(*_RECORD.unpack(raw)) if len(raw) == _RECORD.size else Standing()


class ProgressNote:
    """The slot's side: one place; a context. A board that is gone is no reason to stop.

    Args:
        path: Of the board; "" for none.
        place: From 0 on.
    """

    def __init__(self, path: str, place: int) -> None:
        self._path = path
        self._offset = place * _RECORD.size
        self._handle = -1
        self._beats = 0

    def __enter__(self) -> Self:
        if self._path:
            with contextlib.suppress(OSError):
                self._handle = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)

    def write(self, time_us: int) -> None:
        """Say how far it is, and that we are alive."""
        self._beats += 1
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                os.pwrite(
                    self._handle, _RECORD.pack(time_us, self._beats, os.getpid()), self._offset
                )
