"""Locks on single bytes of a file: taken at once or not at all, freed by the kernel at death.

On Linux they belong to the open file (`fcntl(2)`, "open file description locks"), so that two
crawls of one process exclude each other too, and closing another handle of the file frees nothing.
Elsewhere they are POSIX locks, which belong to the process.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys

# struct flock: type, whence, start, length, pid (which is to be 0); padded as C does.
_FLOCK = struct.Struct("@hhqqi0q")
_OF_THE_FILE = sys.platform == "linux"


class ByteLocks:
    """Exclusive locks on an open file; its bytes need not be there.

    Args:
        handle: The open file; closing it frees every lock. It stays the caller's.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def take(self, first: int, count: int = 1) -> bool:
        """Lock some bytes at once; False if another has one of them.

        Raises:
            OSError: The file system knows no locks.
        """
        try:
            self._set(fcntl.F_WRLCK, first, count)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def free(self, first: int, count: int = 1) -> None:
        """Free some bytes, whether they were locked or not."""
        self._set(fcntl.F_UNLCK, first, count)

    def _set(self, kind: int, first: int, count: int) -> None:
        if _OF_THE_FILE:
            asked = _FLOCK.pack(kind, os.SEEK_SET, first, count, 0)
            fcntl.fcntl(self._handle, fcntl.F_OFD_SETLK, asked)
        else:
            command = fcntl.LOCK_UN if kind == fcntl.F_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB
            fcntl.lockf(self._handle, command, count, first, os.SEEK_SET)
