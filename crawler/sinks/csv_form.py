"""A journal of JSON lines made into CSV, with a column for every field that any item has."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

import msgspec

from crawler.errors import OutputError
from crawler.sinks.csv_text import (
    BOM,
    CsvError,
    cell,
    disarmed,
    header_cells,
    raw_records,
    record,
    width,
)
from crawler.sinks.forms import Journal
from crawler.sinks.packing import copy_whole, reading, writing

_ROWS_AT_ONCE = 500


class _Header(msgspec.Struct, frozen=True):
    """The first record of a file that is there already.

    Attributes:
        end: How its records end, and so will ours.
    """

    cells: list[str]
    end: bytes


class CsvForm:
    """CSV, with all columns that any item has.

    Args:
        columns: Those that come first, and are there without any item, too.
        disarm: Texts that a spreadsheet would take for formulas get a leading '.
        packed: Packed with gzip.
    """

    def __init__(self, columns: tuple[str, ...], *, disarm: bool, packed: bool) -> None:
        self._columns = columns
        self._disarm = disarm
        self._packed = packed

    def ready(self) -> None:
        """See `Form.ready`."""

    def check(self, old: Path) -> None:
        """See `Form.check`."""
        self._header_of(old)

    def write(self, journal: Journal, old: Path | None, out: BinaryIO) -> None:
        """See `Form.write`."""
        header = None if old is None else self._header_of(old)
        if old is None or header is None:
            with writing(out, packed=self._packed) as file:
                columns = self._union((), journal)
                if columns:
                    file.write(record(list(columns)).encode())
                self._write_rows(journal, columns, b"\n", file)
            return
        columns = self._union(header.cells, journal)
        if len(columns) == len(header.cells):
            ends_line = copy_whole(old, out, packed=self._packed)
            with writing(out, packed=self._packed) as file:
                if not ends_line:
                    file.write(header.end)
                self._write_rows(journal, columns, header.end, file)
            return
        with writing(out, packed=self._packed) as file:
            self._widen(old, header, columns, file)
            self._write_rows(journal, columns, header.end, file)

    def _header_of(self, old: Path) -> _Header | None:
        """Return what a file begins with, None when it is empty."""
        with reading(old, packed=self._packed) as file, _complaining(old):
            first = next(raw_records(file), b"")
            if not first.removeprefix(BOM):
                return None
            return _Header(header_cells(first), b"\r\n" if first.endswith(b"\r\n") else b"\n")

    def _union(self, first: list[str] | tuple[str, ...], journal: Journal) -> dict[str, str]:
        """Return the columns of a file, in order: how each is headed, to the field in it."""
        columns = {head: head for head in first}
        seen = set()

        def add(name: str) -> None:
            seen.add(name)
            columns[disarmed(name) if self._disarm else name] = name

        for name in self._columns:
            add(name)
        for item in journal.items():
            if not item.keys() <= seen:
                for name in item:
                    if name not in seen:
                        add(name)
        return columns

    def _write_rows(
        self, journal: Journal, columns: dict[str, str], end: bytes, file: IO[bytes]
    ) -> None:
        names, disarm = list(columns.values()), self._disarm
        held: list[str] = []
        for item in journal.items():
            cells = [cell(item[name], disarm=disarm) if name in item else "" for name in names]
            held.append(record(cells))
            if len(held) == _ROWS_AT_ONCE:
                _flush(held, end, file)
        _flush(held, end, file)

    def _widen(self, old: Path, header: _Header, columns: dict[str, str], file: IO[bytes]) -> None:
        """Copy a file, each row with empty cells for the columns that are new."""
        had, new = len(header.cells), list(columns)[len(header.cells) :]
        heads = record(new).encode().rstrip(b"\n")
        with reading(old, packed=self._packed) as lines, _complaining(old):
            for number, raw in enumerate(raw_records(lines)):
                body = raw.rstrip(b"\r\n")
                lacking = had - width(body)
                if lacking < 0:
                    raise CsvError(f"has more cells in row {number} than in its header")
                if number == 0:
                    file.write(body + b"," + heads + header.end)
                elif body:
                    file.write(body + b"," * (lacking + len(new)) + header.end)


def _flush(held: list[str], end: bytes, file: IO[bytes]) -> None:
    """Write records that are held back, so that a file gets a few large pieces."""
    if end != b"\n":
        held[:] = [one[:-1] + end.decode() for one in held]
    file.write("".join(held).encode())
    held.clear()


@contextlib.contextmanager
def _complaining(path: Path) -> Iterator[None]:
    """Name the file that is no CSV."""
    try:
        yield
    except CsvError as error:
        raise OutputError(f"{path} {error}; move it away") from error
