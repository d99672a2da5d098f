"""An append-only file whose committed length is known, and can be cut back to it.

The mark is (path, length, hash of the last 4 KiB). The hash is kept from memory, never read back
while writing, so it costs nothing, and it tells after a kill whether the file is still ours.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from xxhash import xxh3_64_hexdigest

from crawler.errors import OutputError
from crawler.fail_points import ACTIVE, reached
from crawler.files import sync_upwards
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
        """Cut the file back to its mark, and close it.

        Raises:
            OutputError: The file is not what was committed, and is left alone; or another process
                writes to it.
        """
        if not self.path.exists():
            if mark.length:
                raise self._changed(mark)
            return
        self.open()
        try:
            self.cut(mark)
            self.flush_to_disk()
        finally:
            self.close()

    def holds(self, mark: Mark) -> bool:
        """Tell whether the file begins with what was committed, as far as the mark can say."""
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                tail = _read_tail(file.fileno(), mark.length)
        except OSError:
            return False
        return size >= mark.length and _tail_hash(tail) == mark.tail

    def _changed(self, mark: Mark) -> OutputError:
        return OutputError(
            f"{self.path} is not what the interrupted run left there ({mark.length:,} bytes were"
            " committed); it was left as it is. Put it back and run again, or move it away and"
            " run with --fresh"
        )

    def open(self) -> Mark:
        """Open for appending at the end, and lock the file.

        Raises:
            OutputError: It cannot be opened, or another process writes to it.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock()
            self._length = os.fstat(self._handle).st_size
            self._tail = _read_tail(self._handle, self._length)
            if self._sync:
                sync_upwards(self.path.parent)
            reached("output.open")
        except BlockingIOError as error:
            self.close()
            raise OutputError(f"{self.path}: another job is writing to it now") from error
        except OSError as error:
            self.close()
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        return self.mark

    def _lock(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        while True:
            self._handle = os.open(self.path, flags, 0o644)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._in_place():
                return
            self.close()  # its last owner has moved or deleted it between our two steps

    def _in_place(self) -> bool:
        """Tell whether the open file is the one that bears its name."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return os.path.samestat(os.fstat(self._handle), self.path.stat())
        return False

    def _gone(self) -> OutputError:
        return OutputError(
            f"{self.path} was deleted or moved away while it was written to; put it back if you"
            " can and run again, or begin anew with --fresh"
        )

    def cut(self, mark: Mark) -> Mark:
        """Cut the open file back to its mark.

        Raises:
            OutputError: The file is not what was committed; it is left alone.
        """
        tail = _read_tail(self._handle, mark.length)
        if self._length < mark.length or _tail_hash(tail) != mark.tail:
            raise self._changed(mark)
        return self._cut_to(mark.length, tail)

    def empty(self) -> Mark:
        """Cut everything off the open file."""
        return self._cut_to(0, b"")

    def _cut_to(self, length: int, tail: bytes) -> Mark:
        try:
            reached("output.cut.before")
            os.ftruncate(self._handle, length)
            reached("output.cut.after")
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        self._length, self._tail = length, tail
        return self.mark

    @property
    def mark(self) -> Mark:
        """What is written so far."""
        return Mark(self._name, str(self.path), self._length, _tail_hash(self._tail))

    @property
    def ends_line(self) -> bool:
        """Nothing, or a line break, stands at the end."""
        return self._tail[-1:] in (b"", b"\n")

    def append(self, data: bytes) -> Mark:
        """Write, all of it or nothing.

        Raises:
            OutputError: The disk is full or failing; the file is as long as before. Or it was
                deleted, and what is written would be lost.
        """
        try:
            if not os.fstat(self._handle).st_nlink:
                raise self._gone()
            self._write(memoryview(data))
            if self._sync:
                os.fsync(self._handle)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._length)
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        self._length += len(data)
        self._tail = (self._tail + data[-_TAIL:])[-_TAIL:]
        return self.mark

    def _write(self, view: memoryview) -> None:
        reached("output.write.before")
        if ACTIVE:
            view = view[os.write(self._handle, view[: len(view) // 2]) :]
            reached("output.write.half")
        while view:
            view = view[os.write(self._handle, view) :]
        reached("output.write.after")

    def flush_to_disk(self) -> None:
        """Force what was written to the disk.

        Raises:
            OutputError: The disk is failing, or the file was deleted or moved away meanwhile.
        """
        if not self._in_place():
            raise self._gone()
        try:
            reached("output.sync.before")
            os.fsync(self._handle)
            reached("output.sync.after")
        except OSError as error:
            if error.errno != errno.EINVAL:  # a device or a pipe, which has no disk behind it
                raise OutputError(f"cannot write {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Close and unlock the file."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)


def _read_tail(handle: int, length: int) -> bytes:
    start = max(0, length - _TAIL)
    return os.pread(handle, length - start, start)


def _tail_hash(tail: bytes) -> str:
    return xxh3_64_hexdigest(tail)
