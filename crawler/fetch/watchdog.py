"""Time limits of many requests at once, kept by one timer.

`asyncio.timeout` sets a timer of its own for each request and again for each change: about 8 us
with the one change that a fetch needs, a tenth of the whole request. Here entering a limit is one
dictionary entry; a timer that runs while anything is watched looks for what is overdue. The same
look finds connections from which nothing came for too long, which would otherwise need a timer that
is set anew with each piece of a body.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Protocol, Self


class Heard(Protocol):
    """A connection whose silence is watched."""

    def is_silent(self, since: float) -> bool:
        """Say whether nothing happened on it since that second of the loop's time."""
        ...

    def give_up(self) -> None:
        """End the wait for it."""
        ...


class Limit:
    """One limit, as a context manager; made by `Watchdog.limit`.

    As with `asyncio.timeout`, overrunning cancels the task, which leaves the block as a
    TimeoutError; a cancellation from elsewhere stays one.
    """

    __slots__ = ("_before", "_fired", "_patience", "_source", "_watchdog", "ends", "task")

    def __init__(self, watchdog: Watchdog, task: asyncio.Task[object], ends: float) -> None:
        self._watchdog = watchdog
        self._before = task.cancelling()
        self._fired = False
        self._source: Heard | None = None
        self._patience = 0.0
        self.task = task
        self.ends = ends

    def listen(self, source: Heard, patience: float) -> None:
        """Give up a connection, within this limit, once it has been silent for so many seconds."""
        self._source = source
        self._patience = patience

    def look(self, now: float) -> None:
        """End what is overdue."""
        if self.ends <= now:
            self.fire()
        elif self._source is not None and self._source.is_silent(now - self._patience):
            self._source.give_up()

    def fire(self) -> None:
        """Cancel the task, once."""
        if not self._fired:
            self._fired = True
            self.task.cancel()

    def __enter__(self) -> Self:
        self._watchdog.watch(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watchdog.forget(self)
        if self._fired and self.task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Watchdog:
    """Watches limits on one loop.

    Args:
        tick: Seconds between two looks, and so how late a limit may be noticed.
    """

    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._watched: set[Limit] = set()
        # Runs while anything is watched, so that an idle fetcher leaves the loop alone.
        self._timer: asyncio.TimerHandle | None = None

    def limit(self, seconds: float) -> Limit:
        """Return a limit on the current task from now on; set `ends` to move it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a limit is for code that runs in a task")
        return Limit(self, task, asyncio.get_running_loop().time() + seconds)

    def watch(self, limit: Limit) -> None:
        """Begin to watch."""
        self._watched.add(limit)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._tick, self._look, loop)

    def forget(self, limit: Limit) -> None:
        """Watch no longer."""
        self._watched.discard(limit)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for limit in self._watched:
            limit.look(now)
        if self._watched:
            self._timer = loop.call_later(self._tick, self._look, loop)
