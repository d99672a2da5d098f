"""The one place that reads the machine's clocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class SystemClock:
    """The real clock; `crawler.testing.FakeClock` stands in for it in tests.

    Args:
        read_wall: Seconds since 1970 UTC as the machine has them, whatever somebody sets.
        read_monotonic: Seconds that only go forward.
    """

    def __init__(
        self,
        read_wall: Callable[[], float] | None = None,
        read_monotonic: Callable[[], float] | None = None,
    ) -> None:
        # Looked up late, so that a test may set the machine's clock.
        self._read_wall = read_wall or (lambda: time.time())  # noqa: TID251 - this is the clock
        self._read_monotonic = read_monotonic or time.monotonic
        # One value, so that threads always see two times that belong together.
        self._last = (self._read_wall(), self._read_monotonic())

    def monotonic(self) -> float:
        """Return seconds that only go forward; for delays and time limits."""
        return self._read_monotonic()

    def wall(self) -> float:
        """Return seconds since 1970 UTC; for what is stored or shown.

        They never go back while the process runs, and never stand still: when somebody sets the
        machine's clock back, we go on with the time that it was. Else what waits for a time of day
        would wait for a day more, and a lifetime that had ended would begin anew.
        """
        then, since = self._last
        now = self._read_monotonic()
        wall = max(self._read_wall(), then + now - since)
        self._last = (wall, now)
        return wall

    async def sleep(self, seconds: float) -> None:
        """Wait; returns early only when cancelled."""
        await asyncio.sleep(seconds)
