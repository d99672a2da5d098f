"""Asks for the turn of this crawl at a host that other jobs of the machine may ask too.

The frontier keeps the delay within the crawl; a host whose turn is another job's is not eligible
until the time that the clocks of all jobs say, like one in cool-down. Hosts without a delay share
nothing, and cost nothing here.
"""

from __future__ import annotations

from crawler.frontier.frontier import Frontier
from crawler.interfaces import HostClocks


class Turns:
    """The turns of one crawl.

    Args:
        clocks: Of all jobs; None for a crawl that is alone.
        frontier: Knows the delay of each host.
    """

    def __init__(self, clocks: HostClocks | None, frontier: Frontier) -> None:
        self._clocks = clocks
        self._frontier = frontier
        self._shared = False  # until a host with a delay is asked

    def not_before(self, host: str, now: float) -> float | None:
        """Begin a request to a host, or return when to ask again; None for: it may go out now."""
        if self._clocks is None:
            return None
        queue = self._frontier.host(host, now)
        if queue.delay <= 0.0:
            return None
        self._shared = True
        at = self._clocks.take_turn(host, delay=queue.delay, concurrency=queue.concurrency, now=now)
        return at if at > now else None

    def end(self, host: str, sent: float | None, now: float, *, pause: float = 0.0) -> None:
        """Note that a request to a host has ended.

        Args:
            host: The host key.
            sent: Monotonic second at which it was on its way indeed; None if it never was.
            now: Monotonic second now.
            pause: Seconds for which the host asked to be left alone.
        """
        if self._clocks is not None and self._shared:
            delay = self._frontier.host(host, now).delay
            self._clocks.end_turn(host, delay=delay, sent=sent, now=now)
        if pause:
            self.leave_alone(host, now + pause, now)

    def leave_alone(self, host: str, until: float, now: float) -> None:
        """Tell the other jobs that a host asked to be left alone."""
        if self._clocks is not None and self._frontier.host(host, now).delay > 0.0:
            self._clocks.leave_alone(host, until, now)
