"""How late the event loop is, and which page's callback was the reason.

A callback that computes for half a second keeps everything else from going on: answers are read
late, delays become longer than asked for, signals wait. Nothing else tells the user why.
"""

from __future__ import annotations

from collections.abc import Callable

from crawler.interfaces import Clock, CrashGuard

#: Seconds between two looks.
PERIOD = 0.05
#: Seconds of lateness that are worth a word.
STALL = 0.1
#: Width of a bucket in seconds, and how many there are; the last one has all beyond.
_BUCKET, _BUCKETS = 0.001, 2_000


class LagProbe:
    """Measures the loop's lateness; stands before the crash guard, to see which callbacks run.

    Args:
        guard: Is told of callbacks as before.
        clock: The time.
        stalled: Called with the rows whose callbacks ran while the loop stood still, and seconds.

    Attributes:
        worst: The longest lateness, in seconds.
    """

    def __init__(
        self, guard: CrashGuard, clock: Clock, stalled: Callable[[list[int], float], None]
    ) -> None:
        self._guard = guard
        self._clock = clock
        self._stalled = stalled
        self._running: dict[int, None] = {}
        self._ended: dict[int, None] = {}
        self._looks = 0
        self._buckets = [0] * _BUCKETS
        self.worst = 0.0

    def enter(self, row: int) -> None:
        """See `CrashGuard.enter`."""
        self._running[row] = None
        self._guard.enter(row)

    def leave(self, row: int) -> None:
        """See `CrashGuard.leave`."""
        self._guard.leave(row)
        self._running.pop(row, None)
        self._ended[row] = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            due = self._clock.monotonic() + PERIOD
            await self._clock.sleep(PERIOD)
            self._look(max(0.0, self._clock.monotonic() - due))

    def _look(self, lag: float) -> None:
        self._looks += 1
        self._buckets[min(_BUCKETS - 1, int(lag / _BUCKET))] += 1
        self.worst = max(self.worst, lag)
        if lag >= STALL:
            rows = [*self._ended, *self._running]
            if rows:
                self._stalled(rows, lag)
        self._ended.clear()

    def percentile(self, share: float) -> float:
        """Return the seconds below which this share of all looks were late, to the millisecond."""
        left = share * self._looks
        for number, count in enumerate(self._buckets):
            left -= count
            if left <= 0:
                return min(self.worst, (number + 1) * _BUCKET)
        return self.worst
