"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class FakeClock:
    """A `crawler.interfaces.Clock` for tests.

    Args:
        wall: Seconds since 1970 UTC at the beginning; `monotonic` begins at 0.
        auto: Every sleep moves the clock to its end at once, so that nothing ever waits.
    """

    def __init__(self, *, wall: float = 1_700_000_000.0, auto: bool = False) -> None:
        self._start = wall
        self._now = 0.0
        self._auto = auto
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the seconds the clock was moved so far."""
        return self._now

    def wall(self) -> float:
        """Return seconds since 1970 UTC."""
        return self._start + self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far; with `auto`, move it."""
        self.slept.append(seconds)
        if seconds <= 0 or self._auto:
            self._now += max(seconds, 0.0)
            await asyncio.sleep(0)
            return
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), waiter))
        await waiter

    async def advance(self, seconds: float) -> None:
        """Move the clock, waking every sleeper at its own time, in order.

        After each one the loop runs until what it woke had its turns; a sleep that begins then,
        and ends within `seconds`, is woken as well.
        """
        end = self._now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, waiter = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not waiter.done():
                waiter.set_result(None)
            await self.settle()
        self._now = end

    async def settle(self, turns: int = 20) -> None:
        """Let the event loop run some turns, in which ready tasks go on; the clock stands."""
        for _ in range(turns):
            await asyncio.sleep(0)

    async def play(self, work: Coroutine[Any, Any, T], *, patience: float = 1.0) -> T:
        """Run `work` to its end, moving the clock whenever nothing else can happen.

        Args:
            work: Is run in a task of its own.
            patience: Real seconds in which something may still come from beyond the loop when
                nobody sleeps any more.

        Raises:
            AssertionError: Nothing came: `work` waits for ever.
        """
        task = asyncio.create_task(work)
        loop = asyncio.get_running_loop()
        moved = loop.time()
        try:
            while not task.done():
                await self.settle()
                self._forget_cancelled()
                if self._sleepers:
                    moved = loop.time()
                    await self.advance(max(0.0, self._sleepers[0][0] - self._now))
                elif loop.time() - moved > patience:
                    raise AssertionError("nobody sleeps, and nothing happens any more")
                elif not task.done():
                    await asyncio.sleep(0.001)
        finally:
            task.cancel()
        return await task

    def _forget_cancelled(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)

    @property
    def sleepers(self) -> int:
        """Tasks that wait for the clock now."""
        return sum(not waiter.done() for _, _, waiter in self._sleepers)
