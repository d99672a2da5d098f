"""Remembers, beyond the death of the process, whose callback is running.

A small file, mapped into memory, so that a note costs no system call and still outlives a SIGKILL:
the kernel owns the page. Each slot holds a row and the number of the last commit when its callback
began. After an unclean end a row is suspect only if it stands in a slot and nothing was committed
since: then it was probably the one that ended the process.
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


class SlotFile:
    """A `CrashGuard` on a mapped file.

    Args:
        path: The file; made if it is not there.

    Raises:
        StateError: The file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        size = _SLOT.size * _SLOTS
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(handle).st_size != size:
                    # Zeros that are written have their place on the disk; a hole, filled when the
                    # disk is full, would end the process.
                    os.pwrite(handle, bytes(size), 0)
                    os.ftruncate(handle, size)
                self._map = mmap.mmap(handle, size)
            finally:
                os.close(handle)
        except OSError as error:
            raise StateError(f"cannot open {path}: {error.strerror}") from error
        self._free = list(range(_SLOTS - 1, -1, -1))
        self._used: dict[int, int] = {}
        self._commit_no = 0

    def enter(self, row: int) -> None:
        """Note that a page's callback begins; beyond 256 at once, the rest go unnoted."""
        if self._free:
            slot = self._used[row] = self._free.pop()
            _SLOT.pack_into(self._map, slot * _SLOT.size, row, self._commit_no)

    def leave(self, row: int) -> None:
        """Note that it has ended."""
        slot = self._used.pop(row, None)
        if slot is not None:
            _SLOT.pack_into(self._map, slot * _SLOT.size, 0, 0)
            self._free.append(slot)

    def now_at(self, commit_no: int) -> None:
        """Note how many commits there have been."""
        self._commit_no = commit_no

    def suspects(self, commit_no: int) -> list[int]:
        """Return the rows whose callback was running when the last process ended."""
        noted = (_SLOT.unpack_from(self._map, at * _SLOT.size) for at in range(_SLOTS))
        return [row for row, at in noted if row and at == commit_no]

    def clear(self, commit_no: int) -> None:
        """Forget what the last process noted."""
        reached("slots.clear.before")
        self._map[:] = bytes(len(self._map))
        reached("slots.clear.after")
        self._commit_no = commit_no

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
