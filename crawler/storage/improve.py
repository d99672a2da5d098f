"""What follows when a known row is found shallower, or with a better label. No I/O.

Both stores say how their rows stand and write what is decided here. A pending row moves up, a row
skipped for its depth becomes pending, and a page that is done hands its better depth on to the
rows it led to, and they to theirs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple, Protocol

import msgspec

from crawler.outcome import SkipReason, State
from crawler.storage.admitted import Improvement
from crawler.storage.intake import Intake


class Standing(NamedTuple):
    """How a row stands; `waits` is True for a retry."""

    state: int
    reason: str | None
    depth: int
    waits: bool


class KnownRows(Protocol):
    """The rows of a store, as far as an improvement touches them."""

    def standing(self, row: int) -> Standing:
        """Return how a row stands."""
        ...

    def lift(self, row: int, depth: int) -> None:
        """Set the depth of a row."""
        ...

    def relabel(self, row: int, label: str, label_rank: int) -> None:
        """Set the label of a row."""
        ...

    def revive(self, row: int) -> None:
        """Make a row that was skipped for its depth pending."""
        ...

    def children(self, row: int) -> Iterable[tuple[int, int]]:
        """Return id and key of the rows that a page led to."""
        ...


class Improved(msgspec.Struct):
    """What came of it.

    Attributes:
        revived: Rows that are pending now, in the order in which they were found.
        moved: Ready rows that stand better now.
        label_conflicts: Labels that came too late for their row.
    """

    revived: dict[int, None] = msgspec.field(default_factory=dict)
    moved: dict[int, None] = msgspec.field(default_factory=dict)
    label_conflicts: int = 0


def improve(found: Iterable[Improvement], rows: KnownRows, intake: Intake) -> Improved:
    """Give known rows their better depth and label, and all that follows."""
    out = Improved()
    work = deque(found)
    while work:  # first come first served, so that a chain is walked once, not once per turn
        better = work.popleft()
        row = better.row
        stands = rows.standing(row)
        depth = min(better.depth, stands.depth)
        if depth < stands.depth:
            rows.lift(row, depth)
        too_deep = stands.state == State.SKIPPED and stands.reason == SkipReason.DEPTH
        if better.label is not None:
            if stands.state == State.PENDING or too_deep:
                rows.relabel(row, better.label, better.label_rank)
            else:
                out.label_conflicts += 1
        if stands.state == State.PENDING:
            if not stands.waits and row not in out.revived:
                out.moved[row] = None
        elif too_deep and intake.within(depth):
            rows.revive(row)
            out.revived[row] = None
        elif depth < stands.depth:
            work += _handed_on(row, depth, stands, rows, intake)
    return out


def _handed_on(
    row: int, depth: int, stands: Standing, rows: KnownRows, intake: Intake
) -> Iterable[Improvement]:
    """Return the rows that an ended page's better depth improves."""
    # A redirect leads to the same page, which is no deeper; a link leads one deeper.
    below = depth if stands.reason == SkipReason.REDIRECTED else depth + 1
    for child, key in rows.children(row):
        if intake.found_at(key, below):
            yield Improvement(child, below, 0, None)
