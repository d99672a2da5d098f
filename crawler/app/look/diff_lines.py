"""How two runs differ, in lines for people."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.app.look.diff_runs import Change, ListChange, RunDiff
from crawler.app.look.show_run import RunFacts, standing_words
from crawler.observe.console import safe
from crawler.observe.quantities import share, size, took

_WIDEST = 2_000
_LOOK = "   ← look here"
#: A share of items, and points of a field's share, that a run may have less.
_ITEMS_DROP, _FILL_DROP = 0.10, 0.05

#: Names of figures to what people call them; what is not here is for programs.
_LABELS = (
    (r"exit", "exit"),
    (r"reason", "reason"),
    (r"duration_s", "time"),
    (r"books\.done", "pages ok"),
    (r"books\.failed", "failed"),
    (r"books\.dead", "given up"),
    (r"books\.skipped\.(.+)", r"skipped \1"),
    (r"books\.pending", "left"),
    (r"items\.(.+)\.out", r"items \1"),
    (r"items\.(.+)\.dropped", r"dropped \1"),
    (r"items\.(.+)\.quarantined", r"broken \1"),
    (r"items\.(.+)\.fill\.(.+)", r"filled \1.\2"),
    (r"http\.(.+)", r"HTTP \1"),
    (r"errors\.(.+)", r"error \1"),
    (r"bytes", "bytes"),
    (r"peak_rss_bytes", "memory"),
)
_SIGNS = {"come": "+", "gone": "-", "changed": "~"}


def diff_lines(diff: RunDiff) -> Iterator[str]:
    """Yield them; whatever stands in a run, it can do nothing to a terminal."""
    yield from (safe(line, _WIDEST) for line in _lines(diff))


def _lines(diff: RunDiff) -> Iterator[str]:
    yield _head("from", diff.old)
    yield _head("to", diff.new)
    if diff.old.job != diff.new.job:
        yield "  (they are runs of different jobs)"
    rows = [(label, one) for one in diff.figures if (label := _label(one.name)) is not None]
    width = max((len(label) for label, _ in rows), default=0)
    for label, one in rows:
        yield f"  {label:<{width}}  {_text(one)}"
    yield from _list_lines("urls ", diff.urls, "ended differently")
    yield from _list_lines("items", diff.items, "changed")


def _head(word: str, facts: RunFacts) -> str:
    began = f", began {facts.started}" if facts.started else ""
    return f"{word:<4} {facts.job} run {facts.run}: {standing_words(facts)}{began}"


def _label(name: str) -> str | None:
    for pattern, label in _LABELS:
        found = re.fullmatch(pattern, name)
        if found is not None:
            return found.expand(label)
    return None


def _text(change: Change) -> str:
    old, new = (_value(change.name, one) for one in (change.old, change.new))
    return f"{old} → {new}{_relative(change)}{_LOOK if _counts(change) else ''}"


def _value(name: str, value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or "none"
    if ".fill." in name:
        return share(value)
    if name == "duration_s":
        return took(value)
    if name in ("bytes", "peak_rss_bytes"):
        return size(value)
    return f"{value:,}"


def _relative(change: Change) -> str:
    old, new = change.old, change.new
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    if not numbers or not old or change.name == "exit" or ".fill." in change.name:
        return ""
    return f"   {new / old - 1:+.0%}"  # type: ignore[operator]


def _counts(change: Change) -> bool:
    """Tell whether somebody should look at it."""
    old, new = change.old or 0, change.new or 0
    if isinstance(old, str) or isinstance(new, str):
        return False
    if change.name == "exit":
        return new != 0
    if ".fill." in change.name:
        return old - new >= _FILL_DROP
    is_items = re.fullmatch(r"items\..+\.out", change.name) is not None
    return is_items and new <= old * (1 - _ITEMS_DROP)


def _list_lines(label: str, change: ListChange, differently: str) -> Iterator[str]:
    if change.unknown is not None:
        yield f"{label}  not known: {change.unknown}"
        return
    counts = f"{change.come:,} come · {change.gone:,} gone · {change.changed:,} {differently}"
    yield f"{label}  {counts} · {change.same:,} the same"
    for what, keys in change.examples.items():
        yield from (f"    {_SIGNS[what]} {key}" for key in keys)
        more = getattr(change, what) - len(keys)
        if more > 0:
            yield f"    {_SIGNS[what]} and {more:,} more"


def change_line(what: str, key: str) -> str:
    """Return one entry of a whole list of changes."""
    return safe(f"{_SIGNS[what]} {key}", _WIDEST)
