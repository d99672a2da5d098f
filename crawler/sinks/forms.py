"""What a journal of JSON lines is made into when its run ends: packed JSON lines."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from crawler.sinks.packing import copy_whole, reading, writing

_CHUNK = 1 << 20
_fields_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Journal(msgspec.Struct, frozen=True):
    """Items that are to be written: JSON objects, one a line.

    Attributes:
        path: Of the file.
        since: Byte at which they begin.
    """

    path: Path
    since: int = 0

    def items(self) -> Iterator[dict[str, msgspec.Raw]]:
        """Yield the fields of each item."""
        with self.path.open("rb") as file:
            file.seek(self.since)
            for line in file:
                yield _fields_of(line)


class Form(Protocol):
    """How an output is written."""

    def ready(self) -> None:
        """Raise OutputError if a library that it needs is not installed."""
        ...

    def check(self, old: Path) -> None:
        """Raise OutputError if nothing can be put behind what is there."""
        ...

    def write(self, journal: Journal, old: Path | None, out: BinaryIO) -> None:
        """Write a journal, behind what is in `old`, in memory that does not grow with either.

        Raises:
            OutputError: `old` is not what its name says.
            OSError: The disk is full or failing.
        """
        ...


class JsonlForm:
    """JSON lines, packed with gzip."""

    def ready(self) -> None:
        """See `Form.ready`."""

    def check(self, old: Path) -> None:
        """See `Form.check`."""
        with reading(old, packed=True) as file:
            file.read(1)

    def write(self, journal: Journal, old: Path | None, out: BinaryIO) -> None:
        """See `Form.write`."""
        ends_line = old is None or copy_whole(old, out, packed=True)
        with writing(out, packed=True) as member, journal.path.open("rb") as lines:
            if not ends_line:
                member.write(b"\n")
            lines.seek(journal.since)
            shutil.copyfileobj(lines, member, _CHUNK)
