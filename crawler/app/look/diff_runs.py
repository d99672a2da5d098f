"""`crawler diff`: what two runs have in common, and what not. Read-only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from xxhash import xxh3_64_intdigest

from crawler.app.look.come_and_gone import Entry, Listing, What, differences
from crawler.app.look.found_run import FoundRun
from crawler.app.look.run_items import items_of, keys_of
from crawler.app.look.run_rows import run_rows
from crawler.app.look.show_run import RunFacts, run_facts
from crawler.errors import StateError
from crawler.interfaces import LedgerLine
from crawler.outcome import KEPT, REREAD, Same, State

#: Examples of each.
_EXAMPLES = 5
#: Words for how a page compares with what earlier runs saw, and statuses that come with them.
_COMPARISONS = frozenset((*Same, KEPT, REREAD))
_AS_IT_WAS = (None, 304)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both runs.

    Attributes:
        name: Dotted, as in `summary.json`: `books.done`, `items.Book.fill.price`.
        old: Of the first run; None where it has none.
        new: Of the second.
    """

    name: str
    old: float | str | None
    new: float | str | None


class ListChange(msgspec.Struct, kw_only=True):
    """What became of the URLs or the items of a run in another one.

    Attributes:
        gone: Only the first run has them.
        come: Only the second has them.
        changed: URLs that ended differently, or items that say something else.
        same: Neither.
        examples: Some of those that are not the same.
        unknown: Why nothing can be said; then the counts say nothing either.
    """

    gone: int = 0
    come: int = 0
    changed: int = 0
    same: int = 0
    examples: dict[str, list[str]] = msgspec.field(default_factory=dict)
    unknown: str | None = None


class RunDiff(msgspec.Struct, kw_only=True):
    """How a run differs from another.

    Attributes:
        old: The first run.
        new: The second.
        figures: Every figure that differs.
    """

    old: RunFacts
    new: RunFacts
    figures: list[Change]
    urls: ListChange
    items: ListChange


def diff_runs(old: FoundRun, new: FoundRun) -> RunDiff:
    """Hold two runs against each other.

    Raises:
        StateError: What one of them left cannot be read.
    """
    facts = run_facts(old), run_facts(new)
    return RunDiff(
        old=facts[0], new=facts[1], figures=list(figures(*facts)),
        urls=_list_change(lambda: url_changes(old, new)),
        items=_list_change(lambda: item_changes(old, new, facts)),
    )  # fmt: skip


def url_changes(old: FoundRun, new: FoundRun) -> Iterator[tuple[What, str]]:
    """Yield what became of each URL.

    Raises:
        StateError: What became of the requests of a run is not known.
    """
    return differences(_urls(old), _urls(new))


def item_changes(
    old: FoundRun, new: FoundRun, facts: tuple[RunFacts, RunFacts] | None = None
) -> Iterator[tuple[What, str]]:
    """Yield what became of each item.

    Raises:
        StateError: The items of a run are not there any more.
    """
    # Both by the same keys, whichever run had a schema.
    keys = keys_of(new.report) or keys_of(old.report)
    first, second = (items_of(one, keys) for one in facts or (run_facts(old), run_facts(new)))
    if first is None or second is None:
        run = (old if first is None else new).run_id
        raise StateError(f"run {run} has left no JSONL or CSV file")
    if first.path == second.path:
        raise StateError(f"both runs wrote {first.path}, which no longer says what is of which")
    return differences(first, second)


def _urls(found: FoundRun) -> Listing:
    def listing() -> Iterator[Entry]:
        for row in run_rows(found, tuple(State)):
            yield Entry(row.url, xxh3_64_intdigest(_end_of(row).encode()))

    return listing


def _end_of(row: LedgerLine) -> str:
    """Return what of the end of a request counts as another end in another run.

    How a page that is alive compares with the run before says nothing of it.
    """
    if row.outcome != "done":
        return f"{row.outcome} {row.reason} {row.status}"
    odd = [word for word in (row.reason or "").split(",") if word not in _COMPARISONS]
    return f"{row.outcome} {odd} {200 if row.status in _AS_IT_WAS else row.status}"


def _list_change(changes: Any) -> ListChange:
    change = ListChange()
    counts = {"gone": 0, "come": 0, "changed": 0, "same": 0}
    try:
        for what, key in changes():
            counts[what] += 1
            if what != "same" and counts[what] <= _EXAMPLES:
                change.examples.setdefault(what, []).append(key)
    except StateError as error:
        return ListChange(unknown=str(error))
    for what, count in counts.items():
        setattr(change, what, count)
    return change


def figures(old: RunFacts, new: RunFacts) -> Iterator[Change]:
    """Yield every figure in which two runs differ, in the order of `summary.json`."""
    before, after = (dict(_flat(msgspec.to_builtins(one))) for one in (old, new))
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one != other and not (not one and not other):
            yield Change(name=name, old=one, new=other)


#: What is compared; the rest of a run's facts are names and places.
_COMPARED = (
    "standing", "exit", "reason", "books", "items", "http", "errors", "given_up", "bytes",
    "duration_s", "pages_per_s", "cpu_s", "peak_rss_bytes",
)  # fmt: skip


def _flat(facts: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _COMPARED:
        yield from _leaves(name, facts[name])


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(f"{name}.{key}", below)
    else:
        yield name, value
