"""Rows under way: what is written, and what a kill leaves to do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.app.batch.row_window import Entry, RowWindow
from crawler.app.batch.rows import Place, Row
from crawler.offload.offloaded import Done


def row(number: int) -> Row:
    return Row(number, number, b"", "", Place(number * 10, number, number))


def opened(window: RowWindow, *numbers: int) -> dict[int, Entry]:
    return {n: entry for n in numbers if (entry := window.open(row(n))) is not None}


def test_in_order_a_value_waits_for_those_before_it() -> None:
    window = RowWindow(Place(), frozenset(), ordered=True)
    entries = opened(window, 1, 2, 3)

    held = window.settle(entries[2], Done("b", 5))
    bytes_held = window.held
    ready = window.settle(entries[1], Done("a", 3))

    assert held == []
    assert bytes_held == 5
    assert [one.row.number for one in ready] == [1, 2]
    assert (window.held, window.place.row, len(window)) == (0, 2, 1)


def test_without_order_a_value_is_written_at_once_and_remembered() -> None:
    window = RowWindow(Place(), frozenset(), ordered=False)
    entries = opened(window, 1, 2, 3)

    ready = window.settle(entries[3], Done("c", 1))

    assert [one.row.number for one in ready] == [3]
    assert (window.place.row, window.beyond) == (0, [3])


@given(st.permutations(range(1, 13)), st.integers(0, 12), st.booleans())
def test_a_kill_at_any_moment_loses_and_repeats_nothing(
    order: list[int], moment: int, ordered: bool
) -> None:
    window = RowWindow(Place(), frozenset(), ordered=ordered)
    entries = opened(window, *range(1, 13))
    written: list[int] = []
    for number in order[:moment]:
        written += [one.row.number for one in window.settle(entries[number], Done(None, 0))]

    again = RowWindow(window.place, frozenset(window.beyond), ordered=ordered)
    left = opened(again, *range(window.place.row + 1, 13))
    for entry in reversed(left.values()):
        written += [one.row.number for one in again.settle(entry, Done(None, 0))]

    assert sorted(written) == list(range(1, 13))
    assert not ordered or written == list(range(1, 13))
    assert (again.place.row, again.beyond, len(again)) == (12, [], 0)
