from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest

from crawler.dispatch import Dispatcher, DispatcherStopped
from tests.unit.dispatch.watch import PATIENCE, Gate


def square(number: int) -> int:
    return number * number


def even_only(number: int) -> int:
    if number % 2:
        raise ValueError(number)
    return number


class Counted:
    """An endless iterable that knows how far it was read."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[int]:
        while True:
            self.read += 1
            yield self.read - 1


def test_results_come_in_the_order_of_the_items() -> None:
    with Dispatcher(4) as dispatcher:
        assert list(dispatcher.map(square, range(500))) == [n * n for n in range(500)]


def test_results_come_as_they_are_done() -> None:
    gate = Gate()
    with Dispatcher(2) as dispatcher:

        def work(number: int) -> int:
            return square(number) if number else (gate(), -1)[1]

        results = dispatcher.map(work, range(5), ordered=False)
        assert [next(results) for _ in range(4)] == [1, 4, 9, 16]
        gate.open()
        assert list(results) == [-1]


@pytest.mark.parametrize("ordered", [True, False])
def test_an_endless_iterable_is_read_no_further_than_the_queue_is_long(*, ordered: bool) -> None:
    items = Counted()
    with Dispatcher(2, capacity=6) as dispatcher:
        results = dispatcher.map(square, items, ordered=ordered)
        assert items.read == 0
        first = list(itertools.islice(results, 100))

        assert len(set(first)) == 100
        assert items.read <= 100 + 6
        results.close()  # type: ignore[attr-defined]
        assert dispatcher.join(PATIENCE)
    assert dispatcher.counts.submitted == items.read


def test_the_first_failure_is_raised_and_the_rest_cancelled() -> None:
    with Dispatcher(1, capacity=50) as dispatcher:
        results = dispatcher.map(even_only, Counted())

        assert next(results) == 0
        with pytest.raises(ValueError, match="1"):
            next(results)
        assert dispatcher.join(PATIENCE)
        assert list(results) == []


@pytest.mark.parametrize("ordered", [True, False])
def test_a_stream_gives_failed_tasks_too(*, ordered: bool) -> None:
    with Dispatcher(3) as dispatcher:
        tasks = list(dispatcher.stream(even_only, range(40), ordered=ordered))

    failed = {task.args[0] for task in tasks if task.exception() is not None}
    assert len(tasks) == 40
    assert failed == set(range(1, 40, 2))


def test_an_iterable_that_raises_ends_the_map_and_cancels_what_is_out() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("torn")

    with Dispatcher(1) as dispatcher:
        with pytest.raises(OSError, match="torn"):
            list(dispatcher.map(square, items()))
        assert dispatcher.join(PATIENCE)


def test_a_map_in_a_queue_that_others_fill_gives_what_it_has() -> None:
    gate = Gate()
    with Dispatcher(1, capacity=2) as dispatcher:
        results = dispatcher.map(square, range(4))
        assert next(results) == 0
        dispatcher.join(PATIENCE)
        dispatcher.submit(gate)
        gate.await_entered()
        others = [dispatcher.submit(square, n) for n in (7, 8)]

        gate.open()
        assert list(results) == [1, 4, 9]
        assert [other.result(PATIENCE) for other in others] == [49, 64]


def test_a_task_may_map() -> None:
    with Dispatcher(1, capacity=2) as dispatcher:

        def total(count: int) -> int:
            return sum(dispatcher.map(square, range(count), ordered=False))

        assert dispatcher.submit(total, 30).result(PATIENCE) == sum(n * n for n in range(30))


def test_a_map_whose_dispatcher_stops_says_so() -> None:
    dispatcher = Dispatcher(1, capacity=4)
    results = dispatcher.map(square, Counted(), ordered=True)
    assert next(results) == 0

    dispatcher.stop()

    with pytest.raises(DispatcherStopped):
        list(results)


def test_maps_of_several_threads_share_a_dispatcher() -> None:
    sums: list[int] = []
    with Dispatcher(3, capacity=4) as dispatcher:

        def total() -> None:
            sums.append(sum(dispatcher.map(square, range(100), ordered=False)))

        threads = [threading.Thread(target=total) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)

    assert sums == [328350] * 4


def test_a_map_without_sense_is_refused_before_it_reads() -> None:
    items = Counted()
    with Dispatcher(1) as dispatcher, pytest.raises(ValueError, match="timeout"):
        dispatcher.map(square, items, timeout=-1)
    assert items.read == 0
