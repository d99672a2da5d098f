from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.dispatch.lazy_heap import FEW, LazyHeap

RANKS = st.lists(st.integers(-3, 3), max_size=200)


def popped(heap: LazyHeap[int]) -> list[int]:
    out = []
    while (item := heap.pop()) is not None:
        out.append(item)
    return out


@given(RANKS)
def test_equal_ranks_come_in_the_order_in_which_they_were_pushed(ranks: list[int]) -> None:
    heap: LazyHeap[int] = LazyHeap()
    for order, rank in enumerate(ranks):
        heap.push(rank, order, order)

    assert popped(heap) == sorted(range(len(ranks)), key=lambda order: ranks[order])


@given(RANKS)
def test_what_was_dropped_never_comes(ranks: list[int]) -> None:
    heap: LazyHeap[int] = LazyHeap()
    entries = [heap.push(rank, order, order) for order, rank in enumerate(ranks)]
    dropped = set(range(0, len(ranks), 3))
    for order in dropped:
        heap.drop(entries[order])
        heap.drop(entries[order])

    kept = [order for order in range(len(ranks)) if order not in dropped]
    assert len(heap) == len(kept)
    assert sorted(heap) == kept
    assert popped(heap) == sorted(kept, key=lambda order: ranks[order])
    assert len(heap) == 0


def test_adding_and_dropping_for_ever_needs_no_memory() -> None:
    heap: LazyHeap[int] = LazyHeap()

    for order in range(10_000):
        heap.drop(heap.push(0, order, order))

    assert len(heap._heap) <= FEW + 1
