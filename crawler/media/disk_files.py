"""A `FileStore` on the disk: parts beside the store, whole files named by their bytes in it.

A body is written to a part in a folder beside the files, so that one rename puts it in its place:
nobody ever sees half a file there. A part whose server gave a strong validator is gone on with
(RFC 9110 §14, and §13.1.5 for `If-Range`), after a cut, a kill, or by the next run.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from crawler.errors import FetchError, FileFault, OutputError
from crawler.fail_points import reached
from crawler.files import BlockingFile, FileWriter, PieceWriter
from crawler.interfaces import Receiving
from crawler.media.file_ledger import FileLedger
from crawler.media.file_rules import FileRules
from crawler.media.part_range import bytes_of_range, strong_validator
from crawler.media.sniffing import look_at
from crawler.messages import Headers
from crawler.outcome import ErrorClass, StoredFile
from crawler.policy.meta_robots import header_noai

T = TypeVar("T")

#: Bytes in one piece from which on more is likely to come: then it is noted what it is a part of.
_LARGE = 128 << 10
#: Bytes that are read at a time to hash a part that was here.
_BLOCK = 1 << 20
#: Compressed, a rest could not be asked for; and pictures do not get smaller.
_AS_IT_IS = ("accept-encoding", b"identity")


class DiskFiles:
    """The files of a job.

    Args:
        rules: What is kept, and where.
        base: The base directory of the job.
        ledger: What is known of them; it is closed with this.
        skip: Files that are there are not asked for again.
        blocking: Bodies come in threads that may block.
        sync: Files are to survive the loss of power.
    """

    def __init__(
        self,
        rules: FileRules,
        base: Path,
        ledger: FileLedger,
        *,
        skip: bool = True,
        blocking: bool = False,
        sync: bool = False,
    ) -> None:
        self.rules = rules
        self.base = base
        self.ledger = ledger
        self.skip = skip
        self.blocking = blocking
        self.sync = sync
        self.parts = base / rules.fixed_part / f".{rules.job}.parts"
        self.writer = FileWriter()
        self._turns: dict[str, _Turn] = {}
        self._placing = threading.Lock()

    @asynccontextmanager
    async def receive(self, url: str) -> AsyncIterator[Receiving]:
        """See `FileStore.receive`."""
        turn = self._turns.setdefault(url, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                kept, part = await self.writer.run(lambda: self._look(url))
                one = _Download(self, url, kept, part)
                try:
                    yield one
                finally:
                    await one.let_go()
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[url]

    async def close(self) -> None:
        """See `FileStore.close`."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.writer.close()
        self.ledger.close()
        with contextlib.suppress(OSError):  # there are parts left, or there never were any
            self.parts.rmdir()

    def part_of(self, url: str) -> Path:
        """Return where the part of a URL's file is."""
        return self.parts / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.part"

    def _look(self, url: str) -> tuple[StoredFile | None, _Part]:
        kept = self.ledger.find(url) if self.skip else None
        if kept is not None and self._is_there(kept):
            return msgspec.structs.replace(kept, kept=True), _Part()
        validator = self.ledger.validator(url)
        if validator is None:
            return None, _Part()
        try:
            size = self.part_of(url).stat().st_size
        except OSError:
            size = 0
        return None, _Part(size, validator)

    def _is_there(self, file: StoredFile) -> bool:
        try:
            return (self.base / file.path).stat().st_size == file.size
        except OSError:
            return False

    def place(self, url: str, sha256: str, size: int, said: str) -> StoredFile:
        """Check a part that is whole, and put it in its place; it blocks.

        Raises:
            FileFault: It is not to be kept, and gone.
            OSError: The disk is full, or failing.
        """
        part = self.part_of(url)
        try:
            if not size:
                raise FileFault("empty", "the body is empty")
            with part.open("rb") as file:
                look = look_at(file)
                media_type = self.rules.check(look, said)
                if self.sync:
                    os.fsync(file.fileno())
        except FileFault:
            self.drop(url)
            raise
        made = StoredFile(
            path=self.rules.place_of(sha256, media_type, url), sha256=sha256, size=size,
            media_type=media_type, width=look.width, height=look.height,
        )  # fmt: skip
        with self._placing:
            made = self._rename(url, part, made)
            self.ledger.put(url, made)
        reached("download.put.after")
        self.ledger.drop_part(url)
        return made

    def _rename(self, url: str, part: Path, made: StoredFile) -> StoredFile:
        first = self.ledger.first_with(made.sha256)
        if first is not None and first[0] != url and self._is_there(first[1]):
            part.unlink()
            return msgspec.structs.replace(first[1], duplicate_of=first[0])
        target = self.base / made.path
        target.parent.mkdir(parents=True, exist_ok=True)
        reached("download.place.before")
        part.replace(target)
        reached("download.place.after")
        return made

    def drop(self, url: str) -> None:
        """Throw away what is here of a URL's file; it blocks."""
        self.part_of(url).unlink(missing_ok=True)
        self.ledger.drop_part(url)


class _Turn:
    """Who has to do with a URL at the moment."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class _Part(msgspec.Struct, frozen=True):
    """What is here of a file: so many bytes, and what the server said that they are of."""

    size: int = 0
    validator: str = ""


class _Download:
    """See `Receiving`."""

    def __init__(self, store: DiskFiles, url: str, kept: StoredFile | None, part: _Part) -> None:
        self._store = store
        self._url = url
        self._part = part
        self._path = store.part_of(url)
        self._file: PieceWriter = BlockingFile() if store.blocking else store.writer.pieces()
        self._hash = hashlib.sha256()
        self._size = self._at = 0
        self._total: int | None = None
        self._said = self._validator = ""
        self._is_open = self._is_noted = False
        self.kept = kept
        self.complete = False
        self.unwanted = ""
        self.fields: tuple[tuple[str, bytes], ...] = (_AS_IT_IS,)
        if part.size:
            self.fields = (
                _AS_IT_IS,
                ("range", f"bytes={part.size}-".encode()),
                ("if-range", part.validator.encode("latin-1", "replace")),
            )

    async def begin(self, status: int, headers: Headers) -> bool:
        """See `BodySink.begin`."""
        rules = self._store.rules
        self.complete, self._is_open = False, False
        self._said = headers.content_type.partition(";")[0].strip().lower()
        tags = [value.decode("latin-1") for value in headers.getlist("x-robots-tag")]
        self.unwanted = ""
        if rules.obey_noai and header_noai(tags, rules.token):
            self.unwanted = "noai"
        elif not rules.may_be(self._said):
            self.unwanted = "type"
        if self.unwanted:
            return False
        self._hash, self._at, self._total = hashlib.sha256(), 0, None
        self._validator, self._is_noted = strong_validator(headers), False
        if status == 206:
            await self._go_on(headers)
        self._size = self._at
        return True

    async def _go_on(self, headers: Headers) -> None:
        """Take up a part where it ends.

        Raises:
            FetchError: The server sent another part; the next try begins from the first byte.
        """
        begin, self._total = bytes_of_range(headers)
        if not self._part.size or begin != self._part.size:
            await self._aside(lambda: self._store.drop(self._url))
            raise FetchError(
                ErrorClass.TRUNCATED, "the server sent another part than was asked for",
                url=self._url,
            )  # fmt: skip
        if self._total is not None and self._total > self._store.rules.max_body:
            raise FetchError(
                ErrorClass.TOO_LARGE, f"the file has {self._total} bytes", url=self._url
            )
        self._at, self._is_noted = self._part.size, True
        await self._aside(self._hash_part)

    def _hash_part(self) -> None:
        left = self._at
        with self._path.open("rb") as file:
            while left and (block := file.read(min(_BLOCK, left))):
                self._hash.update(block)
                left -= len(block)

    async def take(self, data: bytes) -> None:
        """See `BodySink.take`."""
        if not data:
            return
        try:
            if not self._is_open:
                await self._open()
            if not self._is_noted and self._validator and len(data) >= _LARGE:
                self._is_noted = True
                await self._aside(lambda: self._store.ledger.begin_part(self._url, self._validator))
            await self._file.write(data)
        except OSError as error:
            raise self._unwritable(error) from error
        self._hash.update(data)
        self._size += len(data)
        reached("download.piece")
        if self._size > self._store.rules.max_body:
            raise FetchError(ErrorClass.TOO_LARGE, "the file is over the limit", url=self._url)

    async def _open(self) -> None:
        try:
            await self._file.open(self._path, self._at)
        except FileNotFoundError:
            await self._aside(lambda: self._path.parent.mkdir(parents=True, exist_ok=True))
            await self._file.open(self._path, self._at)
        self._is_open = True

    async def finish(self) -> None:
        """See `BodySink.finish`."""
        if self._total is not None and self._size != self._total:
            raise FetchError(
                ErrorClass.TRUNCATED, f"{self._size} of {self._total} bytes came", url=self._url
            )
        self.complete = True

    async def settle(self) -> StoredFile:
        """See `Receiving.settle`."""
        await self._file.close()
        place, size, sha256 = self._store.place, self._size, self._hash.hexdigest()
        try:
            return await self._store.writer.run(lambda: place(self._url, sha256, size, self._said))
        except OSError as error:
            raise self._unwritable(error) from error

    async def broke_off(self, error: FetchError) -> None:
        """See `Receiving.broke_off`."""
        await self._file.close()
        again = error.kind in (ErrorClass.TRUNCATED, ErrorClass.TIMEOUT, ErrorClass.CONNECT)
        if self._is_open and not (again and self._validator):
            await self.begin_anew()
        elif self._is_open and not self._is_noted:
            note = self._store.ledger.begin_part
            await self._store.writer.run(lambda: note(self._url, self._validator))

    async def begin_anew(self) -> None:
        """See `Receiving.begin_anew`."""
        await self._file.close()
        await self._store.writer.run(lambda: self._store.drop(self._url))

    async def let_go(self) -> None:
        """Close the file, whatever became of it."""
        await self._file.close()

    async def _aside(self, function: Callable[[], T]) -> T:
        """Call a function that blocks, where it may."""
        done: Awaitable[T] = (
            _at_once(function) if self._store.blocking else self._store.writer.run(function)
        )
        return await done

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {error.filename or self._path}: {error.strerror}")


async def _at_once(function: Callable[[], T]) -> T:
    return function()
