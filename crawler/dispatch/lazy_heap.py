"""A heap whose entries can be taken out before their turn. Not locked: the board's lock is held."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

#: Below this many dead entries a heap is not worth tidying.
FEW = 64


class HeapEntry(Generic[T]):
    """A place in a heap; `item` is None once it was taken out."""

    __slots__ = ("item", "order", "rank")

    def __init__(self, rank: float, order: int, item: T) -> None:
        self.rank = rank
        self.order = order
        self.item: T | None = item


class LazyHeap(Generic[T]):
    """Entries by rank, smallest first, equal ranks by order."""

    __slots__ = ("_alive", "_heap")

    def __init__(self) -> None:
        # The tuples are compared in C up to the order; no two entries of a heap share one.
        self._heap: list[tuple[float, int, HeapEntry[T]]] = []
        self._alive = 0

    def __len__(self) -> int:
        return self._alive

    def push(self, rank: float, order: int, item: T) -> HeapEntry[T]:
        """Add an item; `order` must be no other entry's."""
        entry = HeapEntry(rank, order, item)
        # Counted first: Ctrl-C in between leaves one too many, which costs a thread, not one too
        # few, for which no thread would be started.
        self._alive += 1
        heapq.heappush(self._heap, (rank, order, entry))
        return entry

    def drop(self, entry: HeapEntry[T]) -> None:
        """Take an entry out; once more does nothing.

        It stays in the list as a blank. Blanks are swept when they are most of it, so that
        adding and taking out for ever needs no memory, and costs the same on average.
        """
        if entry.item is None:
            return
        entry.item = None
        self._alive -= 1
        if len(self._heap) > 2 * self._alive + FEW:
            self._heap = [place for place in self._heap if place[2].item is not None]
            heapq.heapify(self._heap)

    def peek(self) -> HeapEntry[T] | None:
        """Return the first entry, which stays where it is."""
        while self._heap and self._heap[0][2].item is None:
            heapq.heappop(self._heap)
        return self._heap[0][2] if self._heap else None

    def pop(self) -> T | None:
        """Take out the first entry and return its item; None when there is none."""
        entry = self.peek()
        if entry is None:
            return None
        heapq.heappop(self._heap)
        item, entry.item = entry.item, None
        self._alive -= 1
        return item

    def __iter__(self) -> Iterator[T]:
        """Yield the items, in no order."""
        return iter([p[2].item for p in self._heap if p[2].item is not None])
