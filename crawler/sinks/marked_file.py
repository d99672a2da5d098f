"""An append-only file whose committed length is known, and can be cut back to it.

The mark is (path, length, hash of the last 4 KiB). The hash is kept from memory, never read back
while writing, so it costs nothing, and it tells after a kill whether the file is still ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from xxhash import xxh3_64_hexdigest

from crawler.errors import OutputError
from crawler.interfaces import Mark

_TAIL = 4096


class MarkedFile:
    """A file open for appending.

    Args:
        name: Name of the sink in its marks.
        path: The file; its folder is made if it is not there.
        sync: True forces each write to the disk before its mark is returned.
    """

    def __init__(self, name: str, path: Path, *, sync: bool) -> None:
        self._name = name
        self.path = path
        self._sync = sync
        self._handle = -1
        self._length = 0
        self._tail = b""

    def recover(self, mark: Mark) -> None:
        """Cut the file back to its mark.

        Raises:
            OutputError: The file is not what was committed; it is left alone.
        """
        try:
            with self.path.open("r+b") as file:
                if _tail_hash(_read_tail(file.fileno(), mark.length)) != mark.tail:
                    raise self._changed(mark)
                file.truncate(mark.length)
                os.fsync(file.fileno())
        except FileNotFoundError:
            if mark.length:
                raise self._changed(mark) from None
        except OSError as error:
            raise OutputError(f"{self.path}: {error.strerror}") from error

    def _changed(self, mark: Mark) -> OutputError:
        return OutputError(
            f"{self.path} is not what the interrupted run left there ({mark.length:,} bytes were"
            " committed); it was left as it is. Put it back and run again, or move it away and"
            " run with --fresh"
        )

    def open(self, *, length: int | None = None) -> Mark:
        """Open for appending, at the end or, cutting the rest off, at `length`; locks the file.

        Raises:
            OutputError: It cannot be opened, or another process writes to it.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._handle = os.open(self.path, flags, 0o644)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if length is not None:
                os.ftruncate(self._handle, length)
            self._length = os.fstat(self._handle).st_size
            self._tail = _read_tail(self._handle, self._length)
        except BlockingIOError as error:
            self.close()
            raise OutputError(f"{self.path}: another job is writing to it now") from error
        except OSError as error:
            self.close()
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        return self.mark

    @property
    def mark(self) -> Mark:
        """What is written so far."""
        return Mark(self._name, str(self.path), self._length, _tail_hash(self._tail))

    def append(self, data: bytes) -> Mark:
        """Write, all of it or nothing.

        Raises:
            OutputError: The disk is full or failing; the file is as long as before.
        """
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._handle, view) :]
            if self._sync:
                os.fsync(self._handle)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._length)
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        self._length += len(data)
        self._tail = (self._tail + data)[-_TAIL:]
        return self.mark

    def flush_to_disk(self) -> None:
        """Force what was written to the disk."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Close and unlock the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _read_tail(handle: int, length: int) -> bytes:
    start = max(0, length - _TAIL)
    return os.pread(handle, length - start, start)


def _tail_hash(tail: bytes) -> str:
    return xxh3_64_hexdigest(tail)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last through a power loss."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
