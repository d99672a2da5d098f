"""Says when nothing moves although it should, and what is stuck."""

from __future__ import annotations

import msgspec

from crawler.engine.crawl import Crawl
from crawler.engine.flights import Flight
from crawler.interfaces import Clock

#: Seconds without any movement that are worth a word.
LIMIT = 60.0
#: Seconds between two words at most: a stuck run of a weekend is no reason to fill the disk.
_RAREST = 3_600.0
#: Seconds between two looks above which we slept ourselves: the machine, or the process.
_SLEPT = 10.0
#: Requests that are named.
_NAMED = 3


class Standstill(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing has moved for a while.

    Attributes:
        seconds: For how long.
        flights: The oldest requests that are out.
        in_flight: All of them.
        robots: The robots.txt that are asked for, with the monotonic second since when.
        cause: "flights", "robots", "commit", "transforms", "start" or "unknown".
        waiting: Items whose transforms are to come.
    """

    seconds: float
    flights: list[Flight]
    in_flight: int
    robots: list[tuple[str, float]]
    cause: str
    waiting: int


class Watchdog:
    """Looks at a crawl now and then.

    Args:
        crawl: The crawl.
        clock: The time.
        limit: Seconds without an outcome, a commit, or an answer for robots.txt until it speaks.

    Attributes:
        times: Standstills so far.
        longest: Seconds of the longest.
    """

    def __init__(self, crawl: Crawl, clock: Clock, limit: float = LIMIT) -> None:
        self._crawl = crawl
        self._clock = clock
        self._limit = limit
        self._pulse = crawl.sight.pulse()
        self._moved_at = self._looked_at = clock.monotonic()
        self._next_word = limit
        self.times = 0
        self.longest = 0.0
        #: Where it stands now; None while it moves.
        self.standstill: Standstill | None = None

    def look(self) -> Standstill | None:
        """Look; return what is to be said now, None for nothing."""
        now, pulse = self._clock.monotonic(), self._crawl.sight.pulse()
        slept, self._looked_at = now - self._looked_at > _SLEPT, now
        cause = None
        if pulse == self._pulse and not slept:
            cause = self._cause(now)
        self._pulse = pulse
        if cause is None:
            self._moved_at, self._next_word, self.standstill = now, self._limit, None
            return None
        seconds = now - self._moved_at
        if seconds < self._limit:
            return None
        self.times += self.standstill is None
        self.longest = max(self.longest, seconds)
        self.standstill = self._standstill(seconds, cause)
        if cause == "unknown":
            self._crawl.look_again()
        if seconds < self._next_word:
            return None
        self._next_word = min(seconds * 2, seconds + _RAREST)
        return self.standstill

    def _cause(self, now: float) -> str | None:
        """Name what is waited for; None for what politeness, a retry or the user explains."""
        sight = self._crawl.sight
        if len(sight.flights):
            return "flights"
        if len(sight.robots):
            return "robots"
        if sight.commits.committing:
            return "commit"
        due = self._crawl.due_at(now)
        if self._crawl.paused or (due is not None and due > now - self._limit):
            return None
        if sight.transforms is not None and not sight.transforms.idle:
            return "transforms"
        return "start" if sight.starts_wanted() else "unknown"

    def _standstill(self, seconds: float, cause: str) -> Standstill:
        sight = self._crawl.sight
        return Standstill(
            seconds=seconds, flights=sight.flights.oldest(_NAMED), in_flight=len(sight.flights),
            robots=sight.robots.asked(), cause=cause,
            waiting=0 if sight.transforms is None else sight.transforms.waiting,
        )  # fmt: skip
