"""Stands beside a dispatcher and waits until its numbers are as a test wants them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from crawler.dispatch import Counts

PATIENCE = 20.0


class Watch:
    """An `on_progress` that keeps all it was told."""

    def __init__(self) -> None:
        self.told: list[Counts] = []
        self._changed = threading.Condition()

    def __call__(self, counts: Counts) -> None:
        with self._changed:
            self.told.append(counts)
            self._changed.notify_all()

    def until(self, wanted: Callable[[Counts], bool]) -> Counts:
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(wanted, self.told)), PATIENCE)
            return next(filter(wanted, self.told))


class Gate:
    """A function that stands in its thread until the test lets it go."""

    def __init__(self) -> None:
        self._entered = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self, value: object = None) -> object:
        self._entered.release()
        assert self._open.wait(PATIENCE)
        return value

    def await_entered(self, times: int = 1) -> None:
        for _ in range(times):
            assert self._entered.acquire(timeout=PATIENCE)

    def open(self) -> None:
        self._open.set()
