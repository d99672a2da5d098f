"""Lists of URLs in files, read in a thread and never whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from typing import TextIO

import msgspec

from crawler.errors import ConfigError
from crawler.files import in_thread
from crawler.sources.url_lines import CSV, JSONL, TXT, Columns, Entries, kind_of_line, read_lines
from crawler.spider.start_entry import BadStart, StartEntry
from crawler.urls import UrlError, parse

_KINDS = {".csv": CSV, ".jsonl": JSONL, ".txt": TXT}
#: Characters of a line; what is longer is no list of URLs, and comes in pieces.
_LONGEST_LINE = 1 << 20
#: Entries among which one must name something, or the list is none.
_CHECKED = 1000
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class UrlFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with a list of URLs.

    Attributes:
        path: Where it is.
        name: What to call it in messages: as the user wrote it, or `stdin`.
        columns: Which parts of it are wanted.
        spooled: It holds what came from standard input, so that its name does not say its format.
    """

    path: Path
    name: str
    columns: Columns = Columns()
    spooled: bool = False


def check(file: UrlFile) -> None:
    """Read the beginning of a list, so that what is wrong with it is known before the crawl.

    Raises:
        ConfigError: It cannot be read, has no such column or no entry, or none of its first
            entries is a URL.
    """
    first: BadStart | None = None
    for entry in islice(_entries(file), _CHECKED):
        bad = entry if isinstance(entry, BadStart) else _bad(entry)
        if bad is None:
            return
        first = first or bad
    if first is not None:
        raise ConfigError(f"{first.place}: {first.why}; nor is there a URL in the lines after it")
    raise ConfigError(f"{file.name}: there is no URL in it")


def _bad(entry: StartEntry) -> BadStart | None:
    if entry.url.startswith("{"):  # what it stands for is not known yet
        return None
    try:
        parse(entry.url)
    except UrlError as error:
        return BadStart(place=entry.place, why=str(error))
    return None


async def entries_in(file: UrlFile) -> AsyncGenerator[StartEntry | BadStart, None]:
    """Yield the entries of a list, in order.

    Raises:
        ConfigError: It cannot be read (any more), or has no such column.
    """
    async with aclosing(in_thread(_entries(file))) as entries:
        async for entry in entries:
            yield entry


def _entries(file: UrlFile) -> Entries:
    """Read a list.

    Raises:
        ConfigError: It cannot be read, or has no such column.
    """
    try:
        with _open(file.path) as stream:
            kind = _kind(file, stream)
            yield from read_lines(_lines(stream), kind, file.name, file.columns)
    except OSError as error:
        raise ConfigError(f"{file.name} cannot be read: {error.strerror or error}") from error


def _open(path: Path) -> TextIO:
    with path.open("rb") as raw:
        encoding = "utf-16" if raw.read(2) in _UTF_16 else "utf-8-sig"
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    # The csv module wants line ends as they are.
    return path.open(encoding=encoding, errors=errors, newline="")


def _kind(file: UrlFile, stream: TextIO) -> str:
    if file.spooled:
        first = next((line for _, line in islice(_lines(stream), 1000) if line.strip()), "")
        stream.seek(0)
        return kind_of_line(first, file.columns)
    kind = _KINDS.get(file.path.suffix.lower())
    if kind is None:
        raise ConfigError(f"{file.name}: a list of URLs ends in {', '.join(_KINDS)}")
    return kind


def _lines(stream: TextIO) -> Iterator[tuple[int, str]]:
    number, ended = 0, True
    while line := stream.readline(_LONGEST_LINE):
        number += ended
        ended = line[-1] in "\r\n"
        yield number, line
