"""Remembers, beyond the death of the process, whose callback is running.

A small file, mapped into memory, so that a note costs no system call and still outlives a SIGKILL:
the kernel owns the page. Each slot holds a row and the number of the last commit when its callback
began. After an unclean end a row is suspect only if it stands in a slot and nothing was committed
since: then it was probably the one that ended the process.

Worker processes map the same file. Each has a part of it, so that the parent sees which callbacks
were running in one that died; the number of the last commit is the parent's to write.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

from crawler.errors import StateError
from crawler.fail_points import reached

_SLOT = struct.Struct("<QQ")
_SLOTS = 256
#: Worker processes at most.
MAX_WORKERS = 64
_PART = _SLOT.size * _SLOTS
_COMMIT = struct.Struct("<QQ")
_SIZE = _COMMIT.size + _PART * (1 + MAX_WORKERS)


class SlotFile:
    """A `CrashGuard` on a mapped file.

    Args:
        path: The file; made if it is not there.
        part: 0 for the process that commits, else the number of a worker, from 1.

    Raises:
        StateError: The file cannot be made.
    """

    def __init__(self, path: Path, part: int = 0) -> None:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(handle).st_size != _SIZE:
                    # Zeros that are written have their place on the disk; a hole, filled when the
                    # disk is full, would end the process.
                    os.pwrite(handle, bytes(_SIZE), 0)
                    os.ftruncate(handle, _SIZE)
                self._map = mmap.mmap(handle, _SIZE)
            finally:
                os.close(handle)
        except OSError as error:
            raise StateError(f"cannot open {path}: {error.strerror}") from error
        first = _COMMIT.size + part * _PART
        self._free = list(range(first + _PART - _SLOT.size, first - 1, -_SLOT.size))
        self._used: dict[int, int] = {}

    def enter(self, row: int) -> None:
        """Note that a page's callback begins; beyond 256 at once, the rest go unnoted."""
        if self._free:
            slot = self._used[row] = self._free.pop()
            _SLOT.pack_into(self._map, slot, row, _COMMIT.unpack_from(self._map)[0])

    def leave(self, row: int) -> None:
        """Note that it has ended."""
        slot = self._used.pop(row, None)
        if slot is not None:
            _SLOT.pack_into(self._map, slot, 0, 0)
            self._free.append(slot)

    def now_at(self, commit_no: int) -> None:
        """Note how many commits there have been."""
        _COMMIT.pack_into(self._map, 0, commit_no, 0)

    def suspects(self, commit_no: int) -> list[int]:
        """Return the rows whose callback was running when the last process ended."""
        return [
            row
            for row, at in _SLOT.iter_unpack(self._map[_COMMIT.size :])
            if row and at == commit_no
        ]

    def take(self, part: int) -> list[int]:
        """Return the rows whose callback was running in a worker that died, and forget them."""
        first = _COMMIT.size + part * _PART
        noted = _SLOT.iter_unpack(self._map[first : first + _PART])
        rows = [row for row, _ in noted if row]
        self._map[first : first + _PART] = bytes(_PART)
        return rows

    def clear(self, commit_no: int) -> None:
        """Forget what the last process noted."""
        reached("slots.clear.before")
        self._map[:] = bytes(len(self._map))
        reached("slots.clear.after")
        self.now_at(commit_no)

    def close(self) -> None:
        """Unmap the file."""
        if not self._map.closed:
            self._map.close()


class NoGuard:
    """The guard of a crawl that cannot be resumed anyway."""

    def enter(self, row: int) -> None:
        """Note nothing."""

    def leave(self, row: int) -> None:
        """Note nothing."""
