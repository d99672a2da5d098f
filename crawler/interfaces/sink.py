"""Where records end, and how much of an output is committed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec


class Mark(msgspec.Struct, frozen=True, gc=False):
    """How much of an output is committed.

    Attributes:
        sink: Name of the sink within the job; the key under which the mark is kept.
        path: File it speaks of, absolute.
        length: Committed bytes.
        tail: Hash of the last 4 KiB before `length`, hexadecimal.
    """

    sink: str
    path: str
    length: int
    tail: str


class Sink(Protocol):
    """Where records end. No call is concurrent with another.

    Attributes:
        name: Key of its marks within the job.
        path: The file with its items, as things stand; None when there is none.
    """

    name: str
    path: Path | None

    def open(self, mark: Mark | None) -> Mark | None:
        """Open for appending; a mark means that this run has written here before."""
        ...

    def append(self, lines: Sequence[bytes]) -> Mark | None:
        """Write records; return the mark to commit, None for an output without one."""
        ...

    def finish(self, *, good: bool) -> None:
        """Close; `good` publishes what was built aside."""
        ...

    def settle(self) -> None:
        """Let go of what was kept for a resume: the end of the run is on record."""
        ...

    def close(self) -> None:
        """Close without finishing: an interrupted run goes on later."""
        ...
