"""Whether a crawl that was killed ended as if nothing had happened: beside an undisturbed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from itertools import pairwise
from typing import TypeVar

from scripts.soak.left_files import LeftFiles
from scripts.soak.run_files import Record
from scripts.soak.seeded_job import output_names

T = TypeVar("T", bound=Hashable)

#: Books of items that the moments of kills may not change.
_ITEM_BOOKS = ("in", "fanned", "out", "dropped", "quarantined", "waiting")


def differences(calm: LeftFiles, killed: LeftFiles) -> list[str]:
    """Return everything that a killed run did worse than an undisturbed one."""
    found = []
    for output in output_names():
        what = f"items of {output}"
        found += unequal(what, calm.items(output), killed.items(output))
    found += unequal("requests", calm.rows(), killed.rows())
    found += unequal("quarantined items", calm.quarantined(), killed.quarantined())
    one, other = told(calm.summary()), told(killed.summary())
    return found + [
        f"summary: {name} is {other[name]}, undisturbed {one[name]}"
        for name in one
        if one[name] != other[name]
    ]


def problems(files: LeftFiles, *, tidied: bool = True) -> list[str]:
    """Return whatever is wrong with the files of a finished run taken alone.

    Args:
        files: Of the run.
        tidied: False where a kill came between the end on record and the end of the process: then
            the next run of the job tidies up.
    """
    outputs = output_names()
    ids, items = files.ids(outputs[0]), files.items(outputs[0])
    found = [f"state: {one}" for one in files.state_problems()]
    for output in outputs:
        found += unequal(f"ids of {output} beside {outputs[0]}", ids, files.ids(output))
        found += unequal(f"items of {output} beside {outputs[0]}", items, files.items(output))
        if files.earlier(output) != ("append" in output):
            found.append(f"{output} has {files.earlier(output)} records from before the run")
    repeated = [one for one, times in ids.items() if times > 1]
    found += [f"ids are there twice: {len(repeated)}, such as {repeated[0]}"] if repeated else []
    if tidied and (strays := files.strays()):
        found.append(f"left behind beside the outputs: {', '.join(strays)}")
    return found + _unbalanced(files)


def _unbalanced(files: LeftFiles) -> list[str]:
    books = files.summary()["books"]
    ended = books["done"] + books["failed"] + books["dead"] + sum(books["skipped"].values())
    found = []
    if books["known"] != ended + books["pending"] or not books["balanced"] or books["pending"]:
        found.append(f"the books are not those of a finished run: {books}")
    if books["known"] != files.rows().total():
        found.append(f"{books['known']} known, {files.rows().total()} in urls.jsonl.gz")
    written, told_of = files.items(output_names()[0]).total(), _item_books(files.summary())
    if sum(one["out"] for one in told_of.values()) != written:
        found.append(f"{written} items are written, the summary says {told_of}")
    return found


def told(summary: Record) -> Record:
    """Return what a summary says that must not depend on when a run was interrupted."""
    return {
        "exit": summary["exit"],
        "reason": summary["reason"],
        "books": summary["books"],
        "items": _item_books(summary),
    }


def _item_books(summary: Record) -> dict[str, dict[str, int]]:
    return {
        kind: {name: counts.get(name, 0) for name in _ITEM_BOOKS}
        for kind, counts in summary["items"].items()
    }


def unequal(what: str, wanted: Counter[T], got: Counter[T]) -> list[str]:
    """Return how two multisets differ, in at most two lines."""
    found = []
    for word, difference in (("lost", wanted - got), ("too many", got - wanted)):
        if difference:
            example = min(difference, key=repr)
            found.append(f"{what}: {difference.total()} {word}, such as {example}")
    return found


def refetches(calm: Counter[T], killed: Iterable[tuple[int, T]]) -> Counter[int]:
    """Return how many requests were made again because of each kill.

    Args:
        calm: How often the undisturbed run asked for each page.
        killed: Process number and page of each request of the killed run, in order.

    Returns:
        By number of the process whose work was lost.
    """
    asked: dict[T, list[int]] = {}
    for process, page in killed:
        asked.setdefault(page, []).append(process)
    lost: Counter[int] = Counter()
    for page, processes in asked.items():
        excess = len(processes) - calm[page]
        if excess > 0:
            # An answer that was lost was asked for again by a later process.
            again = [before for before, after in pairwise(processes) if before != after]
            lost.update((again or processes)[-excess:])
    return lost
