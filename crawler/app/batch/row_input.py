"""Where rows come from: a file, plain or packed, or standard input."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

import msgspec
from xxhash import xxh3_64_hexdigest

from crawler.app.batch.rows import FORMATS, CsvRows, Place, Row, Rows, rows_in
from crawler.errors import ConfigError
from crawler.sinks.packing import reading

_CHUNK = 256 << 10
_HEAD, _TAIL = 64 << 10, 4 << 10


class Identity(msgspec.Struct, frozen=True):
    """By what a file is known again, though it may have grown.

    Attributes:
        head: Hash of its first `length` bytes.
    """

    path: str
    length: int
    head: str


class RowInput:
    """An input, to be used as a context.

    Attributes:
        piped: It can be read once only: standard input, a named pipe, a device.

    Args:
        name: Its path; "-" is standard input.
        kind: One of `FORMATS`; None to tell it by the name's ending.
        stdin: Standard input.

    Raises:
        ConfigError: There is no such file, or its format is not known.
    """

    def __init__(self, name: str, kind: str | None, stdin: BinaryIO | None) -> None:
        self.name = name
        self.piped = name == "-" or _is_pipe(Path(name))
        self._stdin = stdin
        plain = name.lower().removesuffix(".gz")
        self._packed = plain != name.lower()
        self._kind = kind or ("jsonl" if name == "-" else plain.rpartition(".")[2])
        if self._kind not in FORMATS:
            raise ConfigError(
                f"{name} does not say what it holds; end it in .jsonl, .csv or .txt, with or"
                " without .gz, or say --format"
            )
        self._stack = contextlib.ExitStack()
        self._file: IO[bytes] | None = None
        self._rows: Rows | None = None

    def __enter__(self) -> Self:
        if self.name == "-":
            if self._stdin is None:
                raise ConfigError("standard input is closed")
            self._file = self._stdin
            return self
        try:
            self._file = self._stack.enter_context(reading(Path(self.name), packed=self._packed))
        except OSError as error:
            raise ConfigError(f"cannot read {self.name}: {error.strerror}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def identity(self) -> Identity:
        """Return by what it will be known again."""
        with Path(self.name).open("rb") as file:
            head = file.read(_HEAD)
        return Identity(str(Path(self.name).absolute()), len(head), xxh3_64_hexdigest(head))

    def is_still(self, known: Identity) -> bool:
        """Tell whether it begins as it did."""
        with Path(self.name).open("rb") as file:
            return xxh3_64_hexdigest(file.read(known.length)) == known.head

    def before(self, offset: int) -> str:
        """Return a hash of the bytes right before a place; "" for a packed file."""
        if self._packed:
            return ""
        assert self._file is not None
        start = max(0, offset - _TAIL)
        tail = os.pread(self._file.fileno(), offset - start, start)
        return xxh3_64_hexdigest(tail)

    def go_to(self, place: Place) -> None:
        """Read from a place on."""
        columns: list[str] | None = None
        if place.offset and self._kind == "csv":
            columns = self._header()
        if place.offset:
            assert self._file is not None
            self._file.seek(place.offset)
        self._rows = rows_in(self._kind, place, columns, self.name)

    def _header(self) -> list[str]:
        assert self._file is not None
        self._file.seek(0)
        rows = CsvRows(Place(), None, self.name)
        while rows.columns is None:
            chunk = self._file.read(_CHUNK)
            rows.feed(chunk)
            if not chunk:
                break
        return rows.columns or []

    async def blocks(self) -> AsyncIterator[list[Row]]:
        """Yield rows, as many at a time as come at once.

        Raises:
            ConfigError: It is no CSV at all.
            OutputError: It is no whole gzip file.
        """
        assert self._rows is not None
        chunk = b" "
        while chunk:
            chunk = await self._next_chunk()
            rows = self._rows.feed(chunk)
            if rows:
                yield rows

    async def _next_chunk(self) -> bytes:
        assert self._file is not None
        if not self.piped or self._packed:
            return self._file.read(_CHUNK)
        # Not through a thread: one that waits for a pipe cannot be called back.
        handle = self._file.fileno()
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_reader(handle, ready.set)
        except PermissionError:  # a file, which is always ready
            return os.read(handle, _CHUNK)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(handle)
        return os.read(handle, _CHUNK)


def _is_pipe(path: Path) -> bool:
    return path.exists() and not (path.is_file() or path.is_dir())
