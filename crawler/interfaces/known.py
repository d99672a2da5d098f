"""Known items: what the store keeps of every item over all runs of a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

#: Kind and key of an item.
ItemKey = tuple[str, str]
#: The parts of a settling, in their order.
Phase = Literal["new", "changed", "moved", "back", "gone"]


class Remembered(msgspec.Struct, frozen=True, gc=False):
    """What is to be known of an item while its page is written.

    Attributes:
        print: Digest of its settled fields, None for an item that no settling has told of.
        gone: It is gone, as far as people were told.
    """

    print: bytes | None
    gone: bool = False


class SeenItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item as a page gave it in this run.

    Attributes:
        name: Its kind.
        key: What tells it from others of its kind.
        data: Its fields, a JSON object.
        print: Digest of those that count.
    """

    name: str
    key: str
    data: bytes
    print: bytes


class PageItems(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The items of a page that was read.

    Attributes:
        page: Its row.
        url: Its address.
        at: When it was visited, wall-clock seconds.
        items: In page order, each key once.
        broken: Keys of items that were there, but broke their schema.
        unclear: Kinds of which there were such items whose keys are not known.
        whole: Its callback came to its end: what it does not give it has no more.
        again: Keys that it gave more than once, each further time.
    """

    page: int
    url: str
    at: float
    items: Sequence[SeenItem] = ()
    broken: Sequence[ItemKey] = ()
    unclear: frozenset[str] = frozenset()
    whole: bool = True
    again: Sequence[ItemKey] = ()


class Double(msgspec.Struct, frozen=True, gc=False):
    """A key that was given twice in a run; the first item counts.

    Attributes:
        kept: Page of the item that counts.
        other: Page of the other one.
    """

    name: str
    key: str
    kept: str
    other: str


class KnownItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item that the job knows, and what the present run found of it.

    Attributes:
        id: Its row.
        url: The page that gives it, as of the last settling.
        data: Its settled fields, a JSON object; None for an item that is not settled.
        print: Digest of those that count.
        gone: It was told to be gone.
        misses: Runs in a row that missed it.
        changed_run: Ordinal of the run in which it was found changed last.
        streaks: Field to visits in a row in which it has changed, a JSON object.
        new_data: What it is now; None when that is what is settled.
        new_url: Another page that gives it now, None for the same.
        at: When this run visited its page, wall-clock seconds.
        held: "moved": the page that gave it does so still; None where nobody could tell.
    """

    id: int
    name: str
    key: str
    url: str
    data: bytes | None
    print: bytes | None
    gone: bool
    misses: int
    changed_run: int
    streaks: bytes | None
    new_data: bytes | None
    new_print: bytes | None
    new_url: str | None
    at: float
    held: bool | None = False


class SettledItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of a known item in a settling.

    Attributes:
        id: Its row.
        phase: "new" and "changed" make what was found what is settled; "moved" makes the new
            page that of the item, and "back" makes it live again, with all that was found; "gone"
            counts a miss.
        at: See `KnownItem.at`.
        gone: "gone": it is gone now, not only missed.
        double: "moved": the item of the other page is forgotten.
        streaks: "changed": see `KnownItem.streaks`; None to leave them.
    """

    id: int
    phase: Phase
    at: float = 0.0
    gone: bool = False
    double: bool = False
    streaks: bytes | None = None


class ItemBatch(msgspec.Struct, kw_only=True):
    """What a commit changes in known items.

    Attributes:
        found: What pages gave.
        settled: What becomes of items, in a settling.
        forgive: Items that the run has seen again are not missed any more.
    """

    found: list[PageItems] = msgspec.field(default_factory=list)
    settled: list[SettledItem] = msgspec.field(default_factory=list)
    forgive: bool = False


class ItemCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Known items in numbers, as a settling begins.

    Attributes:
        live: Those that are settled and not gone.
        visited: Those of them whose pages were visited in this run and are alive.
        missing: Those of them that this run misses, by how many runs before it did.
    """

    live: int = 0
    visited: int = 0
    missing: dict[int, int] = msgspec.field(default_factory=dict)


class ItemStore(Protocol):
    """What a job knows of items over its runs. What changes it is part of a commit."""

    async def remembered(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Remembered]:
        """Return what is known of items; those that nobody knows are left out."""
        ...

    async def unsettled(self, phase: Phase, after: int, limit: int) -> list[KnownItem]:
        """Return what a part of the settling is still to deal with, rows behind `after`."""
        ...

    async def look_for_unled(self) -> None:
        """Let items count as missing, from now on, to whose pages nothing leads any more."""
        ...

    async def counts(self) -> ItemCounts:
        """Return known items in numbers."""
        ...
