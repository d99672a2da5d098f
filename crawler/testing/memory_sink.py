"""A sink that keeps its lines in a list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from crawler.interfaces import Mark


class MemorySink:
    """A `crawler.interfaces.Sink` for tests.

    Args:
        name: See `Sink.name`.

    Attributes:
        lines: What was appended.
        failing: Raised by `append`, if set.
    """

    path: Path | None = None

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.lines: list[bytes] = []
        self.failing: Exception | None = None

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines, decoded."""
        return [msgspec.json.decode(line) for line in self.lines]

    def open(self, mark: Mark | None) -> Mark | None:
        """See `Sink.open`; what is beyond the mark was never committed, and is cut off."""
        del self.lines[0 if mark is None else mark.length :]
        return mark

    def append(self, lines: Sequence[bytes]) -> Mark | None:
        """See `Sink.append`."""
        if self.failing is not None:
            raise self.failing
        self.lines += lines
        return Mark(sink=self.name, path="", length=len(self.lines), tail="")

    def finish(self, *, good: bool) -> None:
        """See `Sink.finish`."""

    def settle(self) -> None:
        """See `Sink.settle`."""

    def close(self) -> None:
        """See `Sink.close`."""
