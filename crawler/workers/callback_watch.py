"""Which callbacks run, since when; one that waits for too long is ended, and its page fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from crawler.interfaces import CrashGuard


class _Running:
    """A callback that runs. No struct: the watch changes it."""

    __slots__ = ("expired", "since", "task")

    def __init__(self, task: asyncio.Task[Any] | None, since: float) -> None:
        self.task = task
        self.since = since
        self.expired: float | None = None


class CallbackWatch:
    """Stands before the crash guard, to see callbacks begin and end.

    A callback that waits (`await`) can be ended, on whichever loop it runs; one that computes, or
    blocks its thread, can only be named. Callbacks may begin and end on any thread; the rest is
    for the main one.

    Args:
        guard: Is told of callbacks as before.
        now: The monotonic time.
        limit: Seconds that a callback may wait.
    """

    def __init__(self, guard: CrashGuard, now: Callable[[], float], limit: float) -> None:
        self._guard = guard
        self._now = now
        self._limit = limit
        self._running: dict[int, _Running] = {}
        self._rested = 0.0

    def enter(self, row: int) -> None:
        """See `CrashGuard.enter`."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # a plain callback in a thread without a loop
            task = None
        self._running[row] = _Running(task, self._now())
        self._guard.enter(row)

    def leave(self, row: int) -> None:
        """See `CrashGuard.leave`."""
        self._guard.leave(row)
        running = self._running.pop(row, None)
        if running is not None and running.expired is not None and running.task is not None:
            running.task.uncancel()

    def since(self, row: int) -> float | None:
        """Return when the callback of a row began; None if it does not run."""
        running = self._running.get(row)
        return None if running is None else running.since

    def rest(self) -> None:
        """Begin every callback's time anew: others work for one of them, under limits of theirs."""
        self._rested = self._now()

    def expired(self, row: int) -> float | None:
        """Return the seconds after which the callback of a row was ended; None if it was not."""
        running = self._running.get(row)
        return None if running is None else running.expired

    def end_overdue(self) -> None:
        """End the callbacks whose time is up; to be called every second or so."""
        now = self._now()
        for row, running in list(self._running.items()):
            if now - max(running.since, self._rested) < self._limit or running.expired is not None:
                continue
            if running.task is not None:
                running.task.get_loop().call_soon_threadsafe(self._end, row, running, now)

    def _end(self, row: int, running: _Running, now: float) -> None:
        """End one, on its own loop, unless it has come to its end meanwhile."""
        if self._running.get(row) is running and running.expired is None:
            assert running.task is not None
            running.expired = now - running.since
            running.task.cancel()


def never(row: int) -> float | None:
    """Say that no callback was ended."""
    return None
