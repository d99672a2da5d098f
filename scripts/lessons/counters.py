"""Four ways to count in several threads: the code of lesson 3."""

from __future__ import annotations

from threading import Lock


class Counter:
    """A number that is shared, and the lock that may guard it."""

    def __init__(self) -> None:
        self.value = 0
        self.lock = Lock()


def plus_one(number: int) -> int:
    """Return the next number. It is a call, and where a call begins another thread may run."""
    return number + 1


def bare(counter: Counter, times: int) -> None:
    """Read, add, write, and no call between."""
    for _ in range(times):
        counter.value += 1


def with_a_call(counter: Counter, times: int) -> None:
    """Read, call, write."""
    for _ in range(times):
        counter.value = plus_one(counter.value)


def with_a_lock(counter: Counter, times: int) -> None:
    """Read, call, write, and nobody else meanwhile."""
    for _ in range(times):
        with counter.lock:
            counter.value = plus_one(counter.value)


def each_its_own(counter: Counter, times: int) -> None:
    """Count alone, and add to what is shared once, under the lock."""
    mine = 0
    for _ in range(times):
        mine = plus_one(mine)
    with counter.lock:
        counter.value += mine
