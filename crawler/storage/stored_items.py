"""What a job knows of items, as it is asked for while the store is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from crawler.interfaces import ItemCounts, ItemKey, KnownItem, Phase, Remembered
from crawler.storage.sqlite_items import SqliteItems

#: Runs a piece of work on the thread that has the database.
OnWriter = Callable[[Callable[[], Any]], Awaitable[Any]]


class StoredItems:
    """An `ItemStore` over the tables of a store.

    Args:
        on_writer: The store's.
        items: Its tables, once they are open.
    """

    def __init__(self, on_writer: OnWriter, items: Callable[[], SqliteItems]) -> None:
        self._on_writer = on_writer
        self._items = items

    async def remembered(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Remembered]:
        """See `ItemStore.remembered`."""
        found: dict[ItemKey, Remembered] = await self._on_writer(
            lambda: self._items().remembered(keys)
        )
        return found

    async def unsettled(self, phase: Phase, after: int, limit: int) -> list[KnownItem]:
        """See `ItemStore.unsettled`."""
        found: list[KnownItem] = await self._on_writer(
            lambda: self._items().unsettled(phase, after, limit)
        )
        return found

    async def look_for_unled(self) -> None:
        """See `ItemStore.look_for_unled`."""
        await self._on_writer(lambda: self._items().look_for_unled())

    async def counts(self) -> ItemCounts:
        """See `ItemStore.counts`."""
        counts: ItemCounts = await self._on_writer(lambda: self._items().counts())
        return counts
