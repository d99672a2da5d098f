"""Where the dispatcher's time comes from, so that a test can move it."""

from __future__ import annotations

import threading
from typing import Protocol

from crawler.clock import SystemClock


class Timing(Protocol):
    """A clock on which threads can wait."""

    def monotonic(self) -> float:
        """Return seconds that only go forward."""
        ...

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        """Wait, its lock held, until `condition` is notified or the clock shows `deadline`.

        It may return earlier; whoever waits looks again. None is no deadline.
        """
        ...


class SystemTiming:
    """The real time."""

    def __init__(self) -> None:
        self._clock = SystemClock()

    def monotonic(self) -> float:
        """Return seconds that only go forward."""
        return self._clock.monotonic()

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        """Wait until `condition` is notified or `deadline` has come."""
        if deadline is None:
            condition.wait()
            return
        left = deadline - self._clock.monotonic()
        condition.wait(min(max(left, 0.0), threading.TIMEOUT_MAX))
