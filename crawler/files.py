"""Files read and written beside the loop, never on it. The only module importing aiofiles."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, TypeVar

from crawler.fail_points import ACTIVE, reached

if TYPE_CHECKING:
    from aiofiles.threadpool.binary import AsyncFileIO

T = TypeVar("T")

#: Each call hops to a thread; bodies kept for a report are few, so few threads do.
THREADS = 2
#: What a thread reads ahead at a time: much to a hop, little to hold.
READ_AHEAD = 200


class FileWriter:
    """Writes files in threads of its own.

    The loop's default pool is not used: name look-ups may fill it, and then a slow name server
    would hold up the disk.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="files")

    async def write(self, path: Path, data: bytes) -> None:
        """Write a file that appears complete or does not appear; the folder is made if missing.

        Raises:
            OSError: It could not be written; nothing is left behind.
        """
        await write_file(path, data, self._pool)

    async def run(self, function: Callable[[], T]) -> T:
        """Call a function that reads or writes, in one of the threads, by aiofiles.

        One trip for all that is done to a small file: opened, written and closed by aiofiles' own
        functions it would take three.

        Raises:
            Exception: Whatever it raises.
        """
        from aiofiles.os import wrap

        done: T = await wrap(function)(executor=self._pool)
        return done

    def pieces(self) -> StreamedFile:
        """Return a file that is to be written piece by piece."""
        return StreamedFile(self._pool)

    def close(self) -> None:
        """Wait for what is being written, and end the threads."""
        self._pool.shutdown()


class PieceWriter(Protocol):
    """A file that is written piece by piece."""

    async def open(self, path: Path, at: int) -> None:
        """Begin to write, behind the first `at` bytes that are there; what follows them is cut off.

        Raises:
            OSError: It cannot be opened, or has fewer.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Add a piece.

        Raises:
            OSError: It cannot be written.
        """
        ...

    async def close(self) -> None:
        """Let go of the file; may be called again."""
        ...


class StreamedFile:
    """A `PieceWriter` beside the loop.

    Args:
        pool: Its threads write.
    """

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._file: AsyncFileIO | None = None

    async def open(self, path: Path, at: int) -> None:
        """See `PieceWriter.open`."""
        import aiofiles

        await self.close()
        # A piece is large: a buffer would only copy it.
        file = await aiofiles.open(
            path, "rb+" if at else "wb", buffering=0, executor=self._pool, opener=_private
        )
        self._file = file
        if at:
            await file.truncate(at)
            await file.seek(at)

    async def write(self, data: bytes) -> None:
        """See `PieceWriter.write`."""
        assert self._file is not None  # it was opened
        left = memoryview(data)
        while left:
            left = left[await self._file.write(left) :]

    async def close(self) -> None:
        """See `PieceWriter.close`."""
        file, self._file = self._file, None
        if file is not None:
            await file.close()


class BlockingFile:
    """A `PieceWriter` for a thread that may block; none of its coroutines ever waits."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None

    async def open(self, path: Path, at: int) -> None:
        """See `PieceWriter.open`."""
        await self.close()
        flags = os.O_RDWR if at else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        # Without a buffer, too: what a full disk has left in one is written once more at the end,
        # which then fails in the place of the write.
        handle = _private(str(path), flags)
        file = self._file = os.fdopen(handle, "rb+" if at else "wb", buffering=0)
        if at:
            file.truncate(at)
            file.seek(at)

    async def write(self, data: bytes) -> None:
        """See `PieceWriter.write`."""
        assert self._file is not None  # it was opened
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    async def close(self) -> None:
        """See `PieceWriter.close`."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def write_whole(path: Path, data: bytes | memoryview, *, sync: bool = False) -> None:
    """Write a file that nobody looks at yet, its folder made if missing; it blocks.

    Raises:
        OSError: It could not be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        handle = _private(str(path), flags)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _private(str(path), flags)
    # Few calls: each of them lets go of the interpreter, and has to wait for it again.
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(handle, left) :]
        if sync:
            os.fsync(handle)
    finally:
        os.close(handle)


def _private(path: str, flags: int) -> int:
    """Open a file; no link is followed that somebody may have put in its place."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)


async def in_thread(source: Iterator[T]) -> AsyncGenerator[T, None]:
    """Yield what an iterator that reads from disk gives; it runs in a thread, a batch at a time.

    Raises:
        Exception: Whatever the iterator raises.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="reading") as pool:
        while batch := await loop.run_in_executor(pool, _next_of, source):
            for one in batch:
                yield one


def _next_of(source: Iterator[T]) -> list[T]:
    return list(islice(source, READ_AHEAD))


async def write_file(path: Path, data: bytes, pool: ThreadPoolExecutor) -> None:
    """Write to a temporary name beside `path`, sync, and rename; threads come from `pool`.

    Raises:
        OSError: It could not be written; nothing is left behind.
    """
    import asyncio

    import aiofiles

    loop = asyncio.get_running_loop()
    await loop.run_in_executor(pool, lambda: path.parent.mkdir(parents=True, exist_ok=True))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        async with aiofiles.open(temporary, "wb", executor=pool) as file:
            await file.write(data)
        await loop.run_in_executor(pool, _publish, temporary, path)
    except BaseException:
        await loop.run_in_executor(pool, lambda: temporary.unlink(missing_ok=True))
        raise


def _publish(temporary: Path, path: Path) -> None:
    """Sync and rename in one hop: aiofiles has neither."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def replace_file(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a small file that nobody ever sees half of: aside, synced, renamed, on the disk.

    For those that must be there before the next step is taken; it blocks.

    Args:
        path: The file.
        data: All that is to be in it.
        mode: Its permissions; None for the usual ones.

    Raises:
        OSError: It could not be written; the old one is as it was, and nothing is left beside it.
    """
    aside = path.with_name(f".{path.name.removeprefix('.')}.tmp")
    try:
        with aside.open("wb") as file:
            if ACTIVE:
                file.write(data[: len(data) // 2])
                file.flush()
                reached("file.write.half")
                file.seek(0)
            file.write(data)
            file.flush()
            reached("file.write.after")
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        reached("file.rename.before")
        aside.replace(path)
        reached("file.rename.after")
        sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make new names, renames and removals in a folder last through a power loss.

    Raises:
        OSError: It cannot be opened, or the disk is failing.
    """
    reached("folder.sync.before")
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    reached("folder.sync.after")


def sync_upwards(folder: Path) -> None:
    """Make a folder's names last, and its own and those above it: any of them may be new.

    Raises:
        OSError: The disk is failing.
    """
    sync_folder(folder)
    for one in folder.absolute().parents:
        try:
            sync_folder(one)
        except OSError as error:
            # One that we may not read, or that has no disk behind it, is not ours and not new.
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EINVAL, errno.EROFS):
                raise
            return


def sync_tree(folder: Path) -> None:
    """Make everything below a folder last through a power loss.

    Raises:
        OSError: Something cannot be opened, or the disk is failing.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            with Path(place, name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(place))
    sync_upwards(folder.parent)
