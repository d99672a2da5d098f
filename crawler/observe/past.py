"""What earlier good runs of a job gave, to hold the new one against."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crawler.observe.quantities import share
from crawler.observe.summary import RuleCounts, Summary

#: Points of share that a field may lose before it is pointed out.
_DROP = 0.05


class KindCounts(msgspec.Struct, frozen=True):
    """Items of one kind, as `summary.json` has them."""

    out: int = 0
    fill: dict[str, float] = msgspec.field(default_factory=dict)


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a `summary.json` that is compared."""

    exit: int
    reason: str = ""
    retry_of: str | None = None
    duration_s: float = 0.0
    items: dict[str, KindCounts] = msgspec.field(default_factory=dict)
    rules: dict[str, RuleCounts] = msgspec.field(default_factory=dict)

    @property
    def items_out(self) -> int:
        """Items written, over all kinds."""
        return sum(kind.out for kind in self.items.values())


class FieldFill(msgspec.Struct, frozen=True, kw_only=True):
    """How well one field is filled.

    Attributes:
        name: With its kind where a run has several kinds: `Book.price`.
        share: Of the items of this run, 0 to 1.
        before: Of those of the last good run; None when that is not known.
    """

    name: str
    share: float
    before: float | None

    @property
    def dropped(self) -> bool:
        """It is filled much less than it was."""
        return self.before is not None and self.before - self.share >= _DROP

    def text(self) -> str:
        """Return it in words; what it was is said where it differs."""
        now = f"{self.name} {share(self.share)}"
        if self.before is None or abs(self.before - self.share) < 0.01:
            return now
        return f"{now} (last run {share(self.before)})"


def field_fills(summary: Summary, past: Sequence[PastRun]) -> list[FieldFill]:
    """Return every field of every kind, those that lost most first, then the emptiest.

    Args:
        summary: The run.
        past: Good runs before it, the last one first.
    """
    last = past[0].items if past else {}
    several = len(summary.items) > 1
    fills = [
        FieldFill(
            name=f"{kind}.{name}" if several else name, share=part,
            before=last[kind].fill.get(name) if kind in last and last[kind].out else None,
        )
        for kind, counts in summary.items.items()
        if counts["out"]
        for name, part in counts["fill"].items()
    ]  # fmt: skip
    return sorted(fills, key=lambda fill: (-_lost(fill) if fill.dropped else 0.0, fill.share))


def _lost(fill: FieldFill) -> float:
    return (fill.before or 0.0) - fill.share


def comparison(summary: Summary, past: Sequence[PastRun]) -> str | None:
    """Return how items and time compare with the middle of the good runs; None without any."""
    if not past:
        return None
    items = sum(kind["out"] for kind in summary.items.values())
    usual = _median([run.items_out for run in past])
    duration = _median([run.duration_s for run in past])
    parts = [f"items {_change(items, usual)}", f"time {_change(summary.duration_s, duration)}"]
    runs = "the last run" if len(past) == 1 else f"the last {len(past)} runs"
    return f"Compared with {runs}: {', '.join(parts)}."


def _median(numbers: Sequence[float]) -> float:
    """Return the middle one; `statistics` would cost each run its time to import."""
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def _change(now: float, before: float) -> str:
    if before <= 0:
        return "as before" if now <= 0 else "up from 0"
    change = now / before - 1
    return "as before" if abs(change) < 0.005 else f"{change:+.0%}"
