"""The one place that reads the machine's clocks."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """The real clock; `crawler.testing.FakeClock` stands in for it in tests."""

    def monotonic(self) -> float:
        """Return seconds that only go forward; for delays and time limits."""
        return time.monotonic()

    def wall(self) -> float:
        """Return seconds since 1970 UTC; for what is stored or shown."""
        return time.time()  # noqa: TID251 - this is the clock

    async def sleep(self, seconds: float) -> None:
        """Wait; returns early only when cancelled."""
        await asyncio.sleep(seconds)
