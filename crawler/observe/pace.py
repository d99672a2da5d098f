"""How fast a crawl goes, and when it will be over: from what was seen of it lately."""

from __future__ import annotations

from collections import deque

import msgspec

from crawler.observe.snapshot import Snapshot

#: Seconds that the window spans; long enough for a host with a delay of some seconds.
WINDOW = 20.0
#: Seconds between two points of it.
_STEP = 0.5
#: Seconds that must have been seen before anything is foretold.
_ENOUGH = 2.0


class Eta(msgspec.Struct, frozen=True):
    """Seconds until the end.

    Attributes:
        bound: "≥" where more may come, "≤" where a limit ends the run first, "" else.
    """

    seconds: float
    bound: str = ""


class _Point(msgspec.Struct, frozen=True, gc=False):
    at: float
    known: int
    pending: int
    ended: int
    bytes: int


class Pace:
    """Rates and the time that is left, out of one snapshot after the other."""

    def __init__(self) -> None:
        self._points: deque[_Point] = deque()
        self._first: _Point | None = None
        self._last: _Point | None = None

    def see(self, snapshot: Snapshot) -> None:
        """Take in where the crawl stands."""
        books = snapshot.books
        point = _Point(snapshot.at, books.known, books.pending, snapshot.ended, snapshot.bytes)
        if snapshot.state == "paused":
            # What was is no measure of what comes once it goes on.
            self._points.clear()
        points = self._points
        if not points or point.at - points[-1].at >= _STEP:
            points.append(point)
        # The point before the window's beginning is its beginning.
        while len(points) > 1 and points[1].at <= point.at - WINDOW:
            points.popleft()
        self._first = self._first or point
        self._last = point

    @property
    def rate(self) -> float:
        """Requests that ended per second, lately."""
        return self._per_second("ended")

    @property
    def bytes_rate(self) -> float:
        """Bytes per second, lately."""
        return self._per_second("bytes")

    @property
    def average(self) -> float:
        """Requests that ended per second since the first snapshot."""
        first, last = self._first, self._last
        if first is None or last is None or last.at <= first.at:
            return 0.0
        return (last.ended - first.ended) / (last.at - first.at)

    def _per_second(self, what: str) -> float:
        if self._last is None or self._last.at <= self._points[0].at:
            return 0.0
        first, last = self._points[0], self._last
        return float(getattr(last, what) - getattr(first, what)) / (last.at - first.at)

    def eta(self, snapshot: Snapshot) -> Eta | None:
        """Return the time that is left; None while the frontier outgrows what is fetched.

        The slowest host decides, because politeness does and not speed: its queue times its delay.
        Where no host has a delay the recent rate does.
        """
        left = self._by_work(snapshot)
        limit = snapshot.seconds_left
        if limit is not None and (left is None or left.bound or left.seconds > limit):
            return Eta(max(0.0, limit), "≤")
        return left

    def _by_work(self, snapshot: Snapshot) -> Eta | None:
        if self._last is None or snapshot.state != "running":
            return None
        first, last = self._points[0], self._last
        rate = self.rate
        if last.at - first.at < _ENOUGH or rate <= 0:
            return None
        pages = snapshot.pages_left
        if pages is not None and pages <= last.pending:
            return Eta(pages / rate, "")
        if last.pending > first.pending:
            return None
        host = snapshot.slowest
        seconds = max(last.pending / rate, host.seconds if host is not None else 0.0)
        growing = last.known > first.known or not snapshot.starts_known
        uncounted = host is not None and host.more
        return Eta(seconds, "≥" if growing or uncounted else "")
