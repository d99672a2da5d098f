from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dispatch import Counters, SharedCounter

NAMES = st.sampled_from(["waiting", "running", "done"])


def in_threads(count: int, work: Callable[[], None]) -> None:
    start = threading.Barrier(count)

    def begin() -> None:
        start.wait()
        work()

    threads = [threading.Thread(target=begin) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_addition_returns_what_it_made_of_the_number() -> None:
    counter = SharedCounter(5)

    assert [counter.add(), counter.add(10), counter.add(-16)] == [6, 16, 0]


def test_what_is_taken_is_taken_once() -> None:
    counter = SharedCounter(7)

    assert [counter.take(), counter.take(), counter.value] == [7, 0, 0]


def test_no_addition_of_many_threads_is_lost_or_seen_twice() -> None:
    counter = SharedCounter()
    seen: list[int] = []

    def work() -> None:
        seen.extend([counter.add() for _ in range(500)])

    in_threads(8, work)

    assert sorted(seen) == list(range(1, 4001))


def test_a_misspelt_name_is_an_error() -> None:
    counters = Counters("done", "failed")

    with pytest.raises(KeyError):
        counters.add("dnoe")
    with pytest.raises(KeyError):
        counters.add_all({"done": 1, "fialed": 1})
    with pytest.raises(KeyError):
        counters.move("done", "fialed")

    assert counters.snapshot() == {"done": 0, "failed": 0}


def test_numbers_that_change_together_are_read_together() -> None:
    counters = Counters("left", "right")
    torn: list[dict[str, int]] = []

    def work() -> None:
        for _ in range(300):
            counters.add_all({"left": 1, "right": -1})
            numbers = counters.snapshot()
            if numbers["left"] != -numbers["right"]:
                torn.append(numbers)

    in_threads(8, work)

    assert torn == []
    assert counters.snapshot() == {"left": 2400, "right": -2400}


@given(st.lists(st.tuples(NAMES, NAMES, st.integers(-9, 9))))
def test_a_move_changes_no_sum(moves: list[tuple[str, str, int]]) -> None:
    counters = Counters("waiting", "running", "done")
    counters.add("waiting", 100)

    for before, after, amount in moves:
        counters.move(before, after, amount)

    assert sum(counters.snapshot().values()) == 100


def test_a_snapshot_is_a_copy() -> None:
    counters = Counters("done")

    counters.snapshot()["done"] = 99

    assert counters.snapshot() == {"done": 0}
