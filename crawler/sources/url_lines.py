"""The formats of URL lists: CSV, JSON lines, and text with one URL a line.

All read lines and give entries, one at a time; nothing is opened here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from crawler.errors import ConfigError
from crawler.spider.start_entry import BadStart, StartEntry

CSV, JSONL, TXT = "csv", "jsonl", "txt"
#: What the column of the URLs is called unless the config says so.
URL_COLUMN = "url"
#: JSON objects among which one must have the URL's key, before the list is taken for another.
_LOOKED_AT = 100
_DELIMITERS = ",;\t"
_OBJECT = re.compile(r'\s*\{\s*["}]')

# A number is kept as it is written: 1.50 is a price, 1.5 another text.
_decoder = msgspec.json.Decoder(float_hook=str)

#: Numbered from 1, line end included.
Lines = Iterable[tuple[int, str]]
Entries = Iterator[StartEntry | BadStart]


class Columns(msgspec.Struct, frozen=True):
    """Which parts of a list are wanted.

    Attributes:
        url: Name of the column, or key, that holds the URL; None for `url`, or the only one.
        kept: Names of those that the items of the pages are to carry.
    """

    url: str | None = None
    kept: tuple[str, ...] = ()


def read_lines(lines: Lines, kind: str, name: str, columns: Columns) -> Entries:
    """Return the entries of a list.

    Args:
        lines: Of the list.
        kind: `CSV`, `JSONL` or `TXT`.
        name: Of the list, for messages.
        columns: Which parts of it are wanted.

    Raises:
        ConfigError: When the first entry is asked for: it has no such column.
    """
    if kind == CSV:
        return _csv(lines, name, columns)
    return _jsonl(lines, name, columns) if kind == JSONL else _txt(lines, name, columns)


def kind_of_line(first: str, columns: Columns) -> str:
    """Return the format of a list by its first line: an object, a header, or else a URL."""
    if _OBJECT.match(first):  # and not {demo}/path
        return JSONL
    wanted = columns.url or URL_COLUMN
    return CSV if wanted in _header(first, wanted)[1] else TXT


def _txt(lines: Lines, name: str, columns: Columns) -> Entries:
    asked = columns.url or next(iter(columns.kept), None)
    if asked is not None:
        raise ConfigError(f"{name}: a text with one URL a line has no column {asked!r}")
    for number, line in lines:
        text = line.strip()
        if text and text[0] != "#":
            yield _entry(f"{name}:{number}", text, {})


def _csv(lines: Lines, name: str, columns: Columns) -> Entries:
    source = _Counted(lines)
    first = next((line for line in source if line.strip()), "")
    delimiter, names = _header(first, columns.url or URL_COLUMN)
    column = _url_column(names, first, name, columns)
    kept = [(one, _index(names, one, name)) for one in columns.kept]
    rows = csv.reader(source, delimiter=delimiter)
    while True:
        begins, source.quotes = source.number + 1, 0
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadStart(place=f"{name}:{begins}", why=_swallowed(f"{error}", begins, source))
            continue
        if source.number > begins and source.quotes % 2:
            why = _swallowed("a quote is never closed", begins, source)
            yield BadStart(place=f"{name}:{begins}", why=why)
        elif row and any(cell.strip() for cell in row):
            values = {key: row[index] for key, index in kept if index < len(row)}
            url = row[column] if column < len(row) else ""
            yield _entry(f"{name}:{begins}", url.strip(), values, names[column])


class _Counted(Iterator[str]):
    """Lines as the csv module wants them, with the number of the last one and the quotes seen."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self.number = 0
        self.quotes = 0

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        self.quotes += line.count('"')
        return line


def _swallowed(why: str, begins: int, source: _Counted) -> str:
    return f"no CSV: {why}; lines {begins} to {source.number} are left out"


def _header(line: str, wanted: str) -> tuple[str, list[str]]:
    """Return delimiter and names of a header: the delimiter with which the URL's column is there.

    If there is none, that which is there most often.
    """
    found = {one: _cells(line, one) for one in _DELIMITERS}
    for delimiter, names in found.items():
        if wanted in names:
            return delimiter, names
    return max(found.items(), key=lambda pair: len(pair[1]))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _url_column(names: list[str], first: str, name: str, columns: Columns) -> int:
    if columns.url is not None:
        return _index(names, columns.url, name)
    if not any(names):
        raise ConfigError(f"{name}: it is empty; its first line must name its columns")
    if first.lstrip('"').lower().startswith(("http://", "https://")):
        raise ConfigError(
            f"{name}: the first line is a URL, but must name the columns of a .csv; add such a "
            "line, or call the file .txt if it has one URL a line"
        )
    return 0 if len(names) == 1 else _index(names, URL_COLUMN, name)


def _index(names: list[str], wanted: str, name: str) -> int:
    try:
        return names.index(wanted)
    except ValueError:
        raise _no_column(name, wanted, names) from None


def _no_column(name: str, wanted: str, names: Iterable[str]) -> ConfigError:
    known = ", ".join(repr(one[:60]) for one in names) or "none"
    return ConfigError(
        f"{name}: no column {wanted!r}; it has {known} (start.url_column and start.keep_columns "
        "name columns)"
    )


def _jsonl(lines: Lines, name: str, columns: Columns) -> Entries:
    key = columns.url or URL_COLUMN
    strange: dict[str, None] | None = {}
    for objects, (number, line) in enumerate(_filled(lines), 1):
        read = _json_entry(line, f"{name}:{number}", key, columns)
        # A list without that key from its first object on has another name for it.
        if isinstance(read, dict):
            if strange is not None:
                strange |= dict.fromkeys(read)
                if objects == _LOOKED_AT:
                    raise _no_column(name, key, strange)
            kept = _kept(read, columns)
            yield BadStart(place=f"{name}:{number}", why=f"no {key!r} in it", kept=kept)
        else:
            strange = None if isinstance(read, StartEntry) else strange
            yield read
    if strange:
        raise _no_column(name, key, strange)


def _filled(lines: Lines) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in lines if line.strip())


def _json_entry(
    line: str, place: str, key: str, columns: Columns
) -> StartEntry | BadStart | dict[str, object]:
    """Return an entry; the object itself when it lacks the key of the URL."""
    try:
        found = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return BadStart(place=place, why=f"no JSON: {error}")
    if not isinstance(found, dict):
        return BadStart(place=place, why=f"no JSON object: {line.strip()[:60]!r}")
    if key not in found:
        return found
    url = found[key]
    if not isinstance(url, str):
        why = f"{key!r} is no text: {line.strip()[:60]!r}"
        return BadStart(place=place, why=why, kept=_kept(found, columns))
    return _entry(place, url.strip(), _kept(found, columns), key)


def _kept(found: Mapping[str, object], columns: Columns) -> dict[str, str]:
    return {one: _text(found[one]) for one in columns.kept if found.get(one) is not None}


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _entry(
    place: str, url: str, kept: Mapping[str, str], column: str = ""
) -> StartEntry | BadStart:
    # What is no UTF-8 was read as lone surrogates, which no output could be written with.
    for text in (url, *kept.values()):
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            return BadStart(place=place, why=f"not UTF-8: {text[:60]!r}")
    if not url:
        return BadStart(place=place, why=f"no URL in column {column!r}", kept=dict(kept))
    return StartEntry(url=url, place=place, kept=dict(kept))
