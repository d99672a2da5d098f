"""The beginning of a list of URLs: which columns it has.

Read as `crawler.sources` reads the whole of it later, but before anything else is done.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

#: Bytes that are looked at.
_HEAD = 1 << 16
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Head(msgspec.Struct, frozen=True):
    """What the beginning of a list says.

    Attributes:
        columns: Of a CSV those of its header; of a JSONL the keys of its first objects.
        complete: There can be no others: it is a header, or the whole list was seen.
        names_url: The column of the URLs need not be named: it is `url`, or the only one.
    """

    columns: list[str]
    complete: bool
    names_url: bool


def head_of(file: Path, wanted: str) -> Head:
    """Read the beginning of a `.csv` or `.jsonl`.

    Args:
        file: The list.
        wanted: The column of the URLs: it tells which mark separates the columns.

    Raises:
        OSError: It cannot be read.
        ValueError: It has no columns; the message goes on after the name of the file.
    """
    with file.open("rb") as opened:
        raw = opened.read(_HEAD)
    encoding = "utf-16" if raw[:2] in _UTF_16 else "utf-8-sig"
    # Lines that are no text are the business of whoever reads them.
    text = raw.decode(encoding, errors="replace")
    if not text.strip():
        raise ValueError("is empty")
    if file.suffix.lower() == ".jsonl":
        return _objects(text, whole=len(raw) < _HEAD)
    columns = _header(next(line for line in text.splitlines() if line.strip()), wanted)
    if columns[0].lower().startswith(("http://", "https://")):
        raise ValueError("begins with a URL, but the first line of a .csv must name its columns")
    return Head(columns, complete=True, names_url=len(columns) == 1 or "url" in columns)


def _header(line: str, wanted: str) -> list[str]:
    """Return the cells, parted by the mark with which the wanted column is there, or by most."""
    import csv  # a job without such a list needs none of it

    found = []
    for mark in ",;\t":
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=mark))]
        except csv.Error:
            continue
        if wanted in cells:
            return cells
        found.append(cells)
    if not found:
        raise ValueError("is no CSV: its first line cannot be read")
    return max(found, key=len)


def _objects(text: str, *, whole: bool) -> Head:
    lines = [line for line in text.split("\n") if line.strip()]
    keys: dict[str, None] = {}
    for line in lines if whole or len(lines) == 1 else lines[:-1]:
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
        if isinstance(value, dict):
            keys.update(dict.fromkeys(value))
    if not keys:
        raise ValueError("has no JSON objects, one a line")
    return Head(list(keys), complete=whole, names_url="url" in keys)
