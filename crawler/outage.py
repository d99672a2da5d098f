"""A wait that all share while something is away that nobody can do without.

One finds it away, says so, and asks after it at growing intervals; the others wait with him. What
happened meanwhile is nobody's fault, and is charged to nobody.
"""

from __future__ import annotations

import asyncio
import enum
import math
from collections.abc import Awaitable, Callable

from crawler.interfaces import Clock

#: Seconds between two looks whether the crawl has ended meanwhile.
_LOOK = 1.0


class Waited(enum.Enum):
    """How a wait ended."""

    OVER = enum.auto()  # what was away is there again
    ENDED = enum.auto()  # the crawl takes no more
    TOO_LONG = enum.auto()  # as long as anybody was to wait


class Outage:
    """What is away, and who waits for it.

    Args:
        clock: The time.
        tell: Says a line that is not to be missed.
        first: Seconds until it is asked after, which double each time,
        longest: up to this.
        most: Seconds to wait in all. Waits with nothing good in between are one.

    Attributes:
        ended: Tells whether the crawl takes no more; then nothing is waited for.
        give_up: Called when all have waited as long as they were to: the run is to end.
    """

    def __init__(
        self,
        clock: Clock,
        tell: Callable[[str], None],
        *,
        first: float,
        longest: float = 60.0,
        most: float = math.inf,
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._first, self._longest, self._most = first, longest, most
        self._next, self._spent = first, 0.0
        self._over = asyncio.Event()
        self._over.set()
        self._last = Waited.OVER
        self.ended: Callable[[], bool] = lambda: False
        self.give_up: Callable[[], None] = lambda: None

    @property
    def under_way(self) -> bool:
        """Somebody waits."""
        return not self._over.is_set()

    @property
    def in_vain(self) -> bool:
        """The last wait was the last: what was away is still away, and nobody waits again."""
        return self._last is Waited.TOO_LONG or (self._last is Waited.ENDED and self.ended())

    async def passed(self) -> Waited:
        """Wait with the others, if anybody waits."""
        await self._over.wait()
        return Waited.ENDED if self.ended() else self._last

    def good(self) -> None:
        """Note that it is of use: the next wait is a new one."""
        if not self.under_way:
            self._next, self._spent, self._last = self._first, 0.0, Waited.OVER

    async def wait(self, away: Callable[[], Awaitable[bool]], begun: str, over: str) -> Waited:
        """Wait until it is there again, or with the others if they wait already.

        Args:
            away: Tells whether it still is not there.
            begun: Is said first.
            over: Is said when it is there again.
        """
        if self.under_way or self.ended():
            return await self.passed()
        if self._last is Waited.TOO_LONG:
            return self._last
        self._over.clear()
        self._last = Waited.ENDED  # should this be cancelled
        self._tell(begun)
        try:
            self._last = await self._until_there(away)
            if self._last is Waited.TOO_LONG:
                self.give_up()
        finally:
            self._over.set()
        if self._last is Waited.OVER:
            self._tell(over)
        return self._last

    async def _until_there(self, away: Callable[[], Awaitable[bool]]) -> Waited:
        while self._spent < self._most:
            pause = min(self._next, self._most - self._spent)
            self._next = min(self._longest, 2 * self._next)
            until = self._clock.monotonic() + pause
            while (left := until - self._clock.monotonic()) > 0:
                if self.ended():
                    return Waited.ENDED
                await self._clock.sleep(min(_LOOK, left))
            self._spent += pause
            if self.ended():
                return Waited.ENDED
            if not await away():
                return Waited.OVER
        return Waited.TOO_LONG
