"""Standard input, kept in the job's state: a run that is interrupted needs it again."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import BinaryIO, Self

from crawler.errors import ConfigError
from crawler.files import sync_folder

_PIECE = 1 << 16
_CURE = "pipe one in: crawler JOB.yaml < urls.txt"


async def spool_stdin(stream: BinaryIO | None, path: Path) -> None:
    """Copy standard input to a file that is there whole or not at all; can be cancelled.

    Args:
        stream: Standard input, nothing of it read yet; None when the process has none.
        path: The file; its folder is made if missing.

    Raises:
        ConfigError: There is nothing on standard input, or it cannot be kept.
    """
    if stream is None or stream.closed:
        raise ConfigError(f"start.from_file is standard input, which is closed; {_CURE}")
    if stream.isatty():
        raise ConfigError(f"start.from_file is standard input, but no list comes in; {_CURE}")
    try:
        with _Spool(path) as spool:
            while piece := await _read(stream.fileno()):
                spool.write(piece)
            if not spool.size:
                raise ConfigError(f"start.from_file is standard input, which was empty; {_CURE}")
            spool.publish()
    except OSError as error:
        raise ConfigError(f"standard input cannot be kept in {path}: {error}") from error


class _Spool:
    """A file under a temporary name; gone unless it is published."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._file = self._temporary.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        self.size += self._file.write(piece)

    def publish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._temporary.replace(self._path)
        sync_folder(self._path.parent)


async def _read(descriptor: int) -> bytes:
    # A read that waits for whoever writes could not be interrupted; that of a file never waits.
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(descriptor, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(descriptor)
    return os.read(descriptor, _PIECE)
