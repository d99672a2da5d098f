"""The books of a run, counted as rows change."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from crawler.interfaces import Books
from crawler.outcome import SkipReason, State


def count(books: Books, state: int, reason: str | None, change: int) -> None:
    """Add to the count of a state; a reason that is down to nothing is not kept."""
    if state == State.SKIPPED:
        name = reason or SkipReason.IGNORED
        books.skipped[name] = books.skipped.get(name, 0) + change
        if not books.skipped[name]:
            del books.skipped[name]
    else:
        field = State(state).name.lower()
        setattr(books, field, getattr(books, field) + change)


def how_many(ends: Iterable[tuple[int, str | None]]) -> dict[tuple[int, str | None], int]:
    """Return how often each state and reason occurs; a `Counter` takes longer to be made."""
    found: dict[tuple[int, str | None], int] = {}
    for end in ends:
        found[end] = found.get(end, 0) + 1
    return found


def copied(books: Books) -> Books:
    """Return an independent copy."""
    return msgspec.structs.replace(books, skipped=dict(books.skipped))
