from __future__ import annotations

from collections.abc import Callable, Iterator
from sys import getswitchinterval, setswitchinterval
from threading import Thread

import pytest

from scripts.lessons.counters import Counter, bare, each_its_own, with_a_call, with_a_lock

Way = Callable[[Counter, int], None]


@pytest.fixture
def many_switches() -> Iterator[None]:
    usual = getswitchinterval()
    setswitchinterval(1e-6)
    yield
    setswitchinterval(usual)


@pytest.mark.parametrize("way", [bare, with_a_call, with_a_lock, each_its_own])
def test_alone_every_way_counts_right(way: Way) -> None:
    counter = Counter()

    way(counter, 1_000)

    assert counter.value == 1_000


@pytest.mark.usefixtures("many_switches")
@pytest.mark.parametrize("way", [with_a_lock, each_its_own])
def test_a_lock_or_a_counter_each_loses_nothing(way: Way) -> None:
    counter = Counter()
    threads = [Thread(target=way, args=(counter, 5_000)) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counter.value == 20_000
