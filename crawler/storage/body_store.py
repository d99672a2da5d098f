"""Bodies of pages on the disk: each once, named by its digest, compressed, in bounded space.

A file has a line of JSON (the fields of the answer that rules may look at), then the body, and all
of it is compressed. Several processes may write here: a file appears complete or not at all, and
whoever finds it there leaves it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from xxhash import xxh3_128

from crawler.damage import UNREADABLE
from crawler.files import FileWriter, write_whole
from crawler.messages import Headers, HttpResponse
from crawler.outcome import KEPT

T = TypeVar("T")

#: Fields of an answer that go with its body; others change by themselves, or are a server's own.
_FIELDS = ("content-type", "content-language", "link", "x-robots-tag")
_LEVEL = 6
#: A body that is read back may not be larger, whatever its file says.
_MOST = 1 << 30
#: Share of the space that is left after old bodies were dropped, so that new ones find room.
_LEFT = 0.9
_ENDING = ".body"


class DiskBodies:
    """A `BodyStore` in a folder.

    Args:
        folder: Made with the first body.
        files: Writes files without stopping the loop.
        max_size: Bytes on disk; a run that finds no more room keeps no more.
        max_body: Bytes of a body that is kept.
    """

    def __init__(self, folder: Path, files: FileWriter, *, max_size: int, max_body: int) -> None:
        self._folder = folder
        self._files = files
        self._max_size = max_size
        self._max_body = max_body
        self._taken: int | None = None

    async def keep(self, answer: HttpResponse) -> bytes | None:
        """See `BodyStore.keep`; a disk that is full keeps nothing, and nobody is the worse."""
        if not answer.body or len(answer.body) > self._max_body:
            return None
        raw = msgspec.json.encode(_fields(answer)) + b"\n" + answer.body
        digest = xxh3_128(raw).digest()
        path = self._path(digest)
        try:
            if self._taken is None:
                self._taken = await self._off(lambda: sum(_sizes(self._folder)))
            if path.exists():
                return digest
            packed = await self._off(lambda: zlib.compress(raw, _LEVEL))
            if self._taken + len(packed) > self._max_size:
                return None
            await self._write(path, packed)
        except OSError:
            return None
        self._taken += len(packed)
        return digest

    async def answer(self, url: str, digest: bytes) -> HttpResponse | None:
        """See `BodyStore.answer`; a file that is damaged is as good as none."""
        path = self._path(digest)
        try:
            raw = await self._off(lambda: _unpacked(path.read_bytes()))
            if xxh3_128(raw).digest() != digest:
                return None
            head, _, body = raw.partition(b"\n")
            fields = msgspec.json.decode(head, type=list[tuple[str, str]])
        except (OSError, zlib.error, *UNREADABLE):
            return None
        headers = Headers([(name, value.encode("latin-1", "replace")) for name, value in fields])
        return HttpResponse(url=url, status=200, headers=headers, body=body, flags=(KEPT,))

    async def _off(self, work: Callable[[], T]) -> T:
        """Do work that takes time: beside the loop, or at once in a thread that fetches."""
        return await self._files.run(work) if _on_a_loop() else work()

    async def _write(self, path: Path, packed: bytes) -> None:
        if _on_a_loop():
            await self._files.write(path, packed)
        else:
            aside = path.with_name(f"{path.stem}.{threading.get_ident()}.tmp")
            write_whole(aside, packed)
            aside.replace(path)

    def prune(self, wanted: Collection[bytes]) -> None:
        """Drop bodies that no page has any more, and, if there are too many, the oldest.

        Args:
            wanted: Digests of those that a page has.

        Raises:
            OSError: The folder cannot be read.
        """
        names = {digest.hex() for digest in wanted}
        kept = []
        for path in _bodies(self._folder):
            if path.stem in names:
                found = path.stat()
                kept.append((found.st_mtime, found.st_size, path))
            else:
                path.unlink(missing_ok=True)
        taken = sum(size for _, size, _ in kept)
        if taken > self._max_size * _LEFT:
            for _, size, path in sorted(kept):
                if taken <= self._max_size * _LEFT:
                    break
                path.unlink(missing_ok=True)
                taken -= size
        self._taken = taken

    def _path(self, digest: bytes) -> Path:
        name = digest.hex()
        return self._folder / name[:2] / f"{name}{_ENDING}"


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _fields(answer: HttpResponse) -> list[tuple[str, str]]:
    return [
        (name, value.decode("latin-1"))
        for name in _FIELDS
        for value in answer.headers.getlist(name)
    ]


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(packed, _MOST)
    if not unpacker.eof:
        raise zlib.error("cut, or too large")
    return raw


def _bodies(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.glob(f"??/*{_ENDING}")


def _sizes(folder: Path) -> Iterator[int]:
    for path in _bodies(folder):
        with contextlib.suppress(OSError):
            yield path.stat().st_size
