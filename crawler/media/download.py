"""The file of one URL on its way: from its head to its place."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from crawler.errors import FetchError, FileFault, NoRoomError, OutputError
from crawler.fail_points import reached
from crawler.files import BlockingFile, PieceWriter
from crawler.interfaces import FileTask, FileWork, FileWorked
from crawler.media.disk_room import FULL
from crawler.media.file_shelf import FileShelf, Part
from crawler.media.part_range import bytes_of_range, strong_validator
from crawler.messages import Headers
from crawler.outcome import ErrorClass, StoredFile
from crawler.policy.meta_robots import header_noai

T = TypeVar("T")

#: Bytes in one piece from which on more is likely to come: then it is noted what it is a part of.
_LARGE = 128 << 10
#: Bytes of a part that are given back where the disk is full: lines and state need some.
_GIVEN_BACK = 1 << 20
#: Bytes that are read at a time to hash a part that was here.
_BLOCK = 1 << 20
#: Compressed, a rest could not be asked for; and pictures do not get smaller.
_AS_IT_IS = ("accept-encoding", b"identity")


def worked(file: StoredFile, done: FileWorked, mark: str) -> StoredFile:
    """Return a file with what steps made of it; one that failed leaves it to be worked on again."""
    return msgspec.structs.replace(
        file, fields=done.fields, spoilt=done.why, worked="" if done.why else mark
    )


class Download:
    """See `Receiving`."""

    def __init__(
        self,
        store: FileShelf,
        url: str,
        kept: StoredFile | None,
        part: Part,
        *,
        any_kind: bool = False,
    ) -> None:
        self._store = store
        self._rules = store.rules.of_any_kind() if any_kind else store.rules
        self._url = url
        self._part = part
        self._path = store.part_of(url)
        self._file: PieceWriter = BlockingFile() if store.blocking else store.writer.pieces()
        self._hash = hashlib.sha256()
        # A body of one piece waits for its end: then all is done to it in one go, in one thread.
        self._held: bytes | None = None
        self._size = self._at = 0
        self._total: int | None = None
        self._said = self._validator = ""
        self._is_open = self._is_noted = False
        self.kept = kept
        self.unchanged = part.whole
        self.complete = False
        self.unwanted = ""
        self.fields: tuple[tuple[str, bytes], ...] = (_AS_IT_IS,)
        if part.size:
            self.fields = (
                _AS_IT_IS,
                ("range", f"bytes={part.size}-".encode()),
                ("if-range", part.validator.encode("latin-1", "replace")),
            )

        if part.whole is not None:
            known = part.whole.validator
            field = "if-none-match" if known.startswith('"') else "if-modified-since"
            self.fields = (_AS_IT_IS, (field, known.encode("latin-1", "replace")))

    async def begin(self, status: int, headers: Headers) -> bool:
        """See `BodySink.begin`."""
        rules = self._rules
        self.complete, self._is_open, self._held = False, False, None
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
        if self._total is not None and self._total > self._rules.max_body:
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
        self._size += len(data)
        if self._size > self._rules.max_body:
            raise FetchError(ErrorClass.TOO_LARGE, "the file is over the limit", url=self._url)
        if not (self._at or self._is_open or self._held):
            self._held = data
            return
        await self._write_held()
        await self._write(data)

    async def _write_held(self) -> None:
        held, self._held = self._held, None
        if held:
            await self._write(held)

    async def _write(self, data: bytes) -> None:
        """Add a piece to the part.

        Raises:
            OutputError: It cannot be written.
        """
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
        reached("download.piece")

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
        store, url = self._store, self._url
        noted = self._is_noted
        try:
            await self._file.close()
            if store.work is None:
                return await store.writer.run(lambda: store.place(url, self._checked(), noted))
            made = await self._worked(store.work)
            return await store.writer.run(lambda: store.place(url, made, noted))
        except OSError as error:
            raise self._unwritable(error) from error

    def _checked(self) -> StoredFile:
        """Write what is held, and check what is there; it blocks.

        Raises:
            FileFault: It is not to be kept, and gone.
            OSError: The disk is full, or failing.
        """
        held, self._held = self._held, None
        if held:
            self._store.write(self._url, held)
            self._hash.update(held)
            reached("download.piece")
        sha256 = self._hash.hexdigest()
        said = (self._rules, self._said)
        made = self._store.checked(self._url, sha256, self._size, said, held)
        return msgspec.structs.replace(made, validator=self._validator)

    async def _worked(self, work: FileWork) -> StoredFile:
        """Check the file, and do to it what is to be done.

        Raises:
            FileFault: It is not to be kept, and gone.
        """
        store, url = self._store, self._url

        def check() -> tuple[StoredFile, StoredFile | None]:
            made = self._checked()
            return made, store.like(url, made)

        made, like = await store.writer.run(check)
        if like is not None:
            return msgspec.structs.replace(made, fields=like.fields, worked=like.worked)
        done = await work.apply(FileTask(str(self._path), url, made))
        if done.fault:
            await self.begin_anew()
            raise FileFault(done.fault, done.why)
        return worked(made, done, work.mark)

    async def broke_off(self, error: FetchError) -> None:
        """See `Receiving.broke_off`."""
        again = error.kind in (ErrorClass.TRUNCATED, ErrorClass.TIMEOUT, ErrorClass.CONNECT)
        if again and self._validator:
            await self._write_held()
        await self._file.close()
        if self._is_open and not (again and self._validator):
            await self.begin_anew()
        elif self._is_open and not self._is_noted:
            note = self._store.ledger.begin_part
            await self._store.writer.run(lambda: note(self._url, self._validator))

    async def begin_anew(self) -> None:
        """See `Receiving.begin_anew`."""
        await self._file.close()
        await self._store.writer.run(lambda: self._store.drop(self._url))

    async def give_back(self) -> None:
        """Leave no more on a full disk than can be gone on with, and a little less."""
        await self._file.close()
        self._held = None
        with contextlib.suppress(NoRoomError):  # of the list of files; it does no harm there
            await self._store.writer.run(self._shrink)

    def _shrink(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            rest = self._path.stat().st_size - _GIVEN_BACK
            if self._is_noted and rest > 0:
                os.truncate(self._path, rest)
                return
        self._store.drop(self._url)

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
        said = f"cannot write {error.filename or self._path}: {error.strerror}"
        return NoRoomError(said, self._size) if error.errno in FULL else OutputError(said)


async def _at_once(function: Callable[[], T]) -> T:
    return function()
