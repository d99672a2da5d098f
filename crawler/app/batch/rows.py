"""Rows of a file, found in its bytes as they come: JSON lines, CSV, or plain lines."""

from __future__ import annotations

import csv
from typing import Protocol

import msgspec

from crawler.errors import ConfigError

FORMATS = ("jsonl", "csv", "txt")
_BOM = b"\xef\xbb\xbf"
#: A row with more bytes is refused: something is wrong with it, and memory has an end.
MAX_ROW = 64 << 20


class Place(msgspec.Struct, frozen=True):
    """Between two rows.

    Attributes:
        offset: Bytes before it.
        line: Lines before it.
        row: Rows before it.
    """

    offset: int = 0
    line: int = 0
    row: int = 0


class Row(msgspec.Struct, frozen=True):
    """One row.

    Attributes:
        number: From 1 on.
        line: The line where it begins, from 1 on.
        data: What it holds, as JSON; "" if it cannot be read.
        wrong: Why it cannot be; else "".
        end: The place behind it.
    """

    number: int
    line: int
    data: bytes
    wrong: str
    end: Place


class Rows(Protocol):
    """Finds rows in bytes."""

    def feed(self, chunk: bytes) -> list[Row]:
        """Take the next bytes, none at the end of the file; return the rows that are whole now."""
        ...


class LineRows:
    """A row on each line that is not blank.

    Args:
        at: Where the bytes begin.
        text: The lines are text, not JSON.
    """

    def __init__(self, at: Place, *, text: bool) -> None:
        self._lines = _Lines(at)
        self._row = at.row
        self._text = text

    def feed(self, chunk: bytes) -> list[Row]:
        """See `Rows.feed`."""
        return [row for line in self._lines.feed(chunk) if (row := self._row_of(line)) is not None]

    def _row_of(self, line: _Line) -> Row | None:
        raw = line.raw.strip(b"\r\n") if self._text else line.raw.strip()
        if not raw.strip() and not line.wrong:
            return None
        self._row += 1
        wrong = line.wrong
        if self._text and not wrong:
            try:
                raw = msgspec.json.encode(raw.decode())
            except UnicodeDecodeError as error:
                wrong = f"it is no UTF-8: {error.reason} at byte {error.start} of the line"
        end = Place(line.end, line.number, self._row)
        return Row(self._row, line.number, b"" if wrong else raw, wrong, end)


class CsvRows:
    """A record of CSV gives a map of its cells, all of them text.

    Args:
        at: Where the bytes begin.
        columns: Of the header, if it comes before that; None if it comes first.
        name: Of the file, for errors.
    """

    def __init__(self, at: Place, columns: list[str] | None, name: str) -> None:
        self._lines = _Lines(at)
        self._row = at.row
        self.columns = columns
        self._name = name
        self._held: list[_Line] = []
        self._size = 0
        self._open = False

    def feed(self, chunk: bytes) -> list[Row]:
        """See `Rows.feed`.

        Raises:
            ConfigError: The header cannot be read.
        """
        rows: list[Row] = []
        for line in self._lines.feed(chunk):
            self._held.append(line)
            self._size += len(line.raw)
            # Whether we are within quotes depends on the number of quotes alone.
            self._open ^= line.raw.count(b'"') % 2 == 1
            if not self._open or self._size > MAX_ROW:
                rows += self._record()
        if not chunk and self._held:
            rows += self._record()
        return rows

    def _record(self) -> list[Row]:
        held, self._held, size, self._size = self._held, [], self._size, 0
        unclosed, self._open = self._open, False
        raw = b"".join(line.raw for line in held)
        wrong = next((line.wrong for line in held if line.wrong), "")
        if not raw.strip() and not wrong:
            return []
        if unclosed:
            what = f"has more than {MAX_ROW >> 20} MiB" if size > MAX_ROW else "never ends"
            wrong = f"a quoted cell {what}"
        cells: list[str] = []
        try:
            cells = next(csv.reader([raw.decode()], strict=True), [])
        except (UnicodeDecodeError, csv.Error) as error:
            wrong = wrong or f"it is no CSV: {error}"
        if self.columns is None:
            if wrong:
                raise ConfigError(f"{self._name}: the header cannot be read: {wrong}")
            self.columns = self._distinct(cells)
            return []
        self._row += 1
        if not wrong and len(cells) > len(self.columns):
            wrong = f"it has {len(cells)} cells, the header {len(self.columns)}"
        data = b"" if wrong else msgspec.json.encode(dict(zip(self.columns, cells, strict=False)))
        end = Place(held[-1].end, held[-1].number, self._row)
        return [Row(self._row, held[0].number, data, wrong, end)]

    def _distinct(self, cells: list[str]) -> list[str]:
        """Return the names of columns, each of which is to be a key."""
        again = next((name for place, name in enumerate(cells) if name in cells[:place]), None)
        if again is not None:
            raise ConfigError(
                f"{self._name}: two columns of the header are named {again!r}; rename one, or only"
                " the cells of one of them would be seen"
            )
        return cells


class _Line(msgspec.Struct, frozen=True):
    raw: bytes
    number: int
    end: int
    wrong: str = ""


class _Lines:
    """Bytes cut after each line break; a line that is too long is passed over."""

    def __init__(self, at: Place) -> None:
        self._offset = at.offset
        self._number = at.line
        self._rest = b""
        self._skipped = 0

    def feed(self, chunk: bytes) -> list[_Line]:
        if not chunk:
            last, self._rest = self._rest, b""
            return [self._line(last)] if last or self._skipped else []
        *whole, rest = (self._rest + chunk).split(b"\n")
        lines = [self._line(raw + b"\n") for raw in whole]
        if len(rest) > MAX_ROW:
            self._skipped += len(rest)
            rest = b""
        self._rest = rest
        return lines

    def _line(self, raw: bytes) -> _Line:
        skipped, self._skipped = self._skipped, 0
        first = self._offset == 0
        self._offset += len(raw) + skipped
        self._number += 1
        if skipped:
            return _Line(b"", self._number, self._offset, f"it has more than {MAX_ROW >> 20} MiB")
        return _Line(raw.removeprefix(_BOM) if first else raw, self._number, self._offset)


def rows_in(kind: str, at: Place, columns: list[str] | None, name: str) -> Rows:
    """Return what finds the rows of a format, from a place on."""
    return CsvRows(at, columns, name) if kind == "csv" else LineRows(at, text=kind == "txt")
