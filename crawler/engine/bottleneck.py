"""Why a crawl is not faster: where its waiting time goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

_CAUSES = ("politeness", "network", "output", "cpu")
#: A wait that nobody but the user is the cause of.
_PAUSED = "paused"
#: A wait that only a run with a limit of memory knows.
_MEMORY = "memory"


class Bottleneck:
    """Seconds that the dispatcher waited, by what it waited for."""

    def __init__(self) -> None:
        self._waited = dict.fromkeys((*_CAUSES, _MEMORY, _PAUSED), 0.0)
        self._waiting: tuple[str, float] | None = None

    def begin(self, cause: str, now: float) -> None:
        """Note that a wait begins, for one of the causes."""
        self._waiting = cause, now

    def end(self, now: float) -> None:
        """Note that it is over."""
        if self._waiting is not None:
            cause, since = self._waiting
            self._waited[cause] += now - since
            self._waiting = None

    def waited(self, now: float) -> dict[str, float]:
        """Return the seconds by cause, those of a wait that is not over included."""
        waited = dict(self._waited)
        if self._waiting is not None:
            cause, since = self._waiting
            waited[cause] += now - since
        return waited

    @property
    def paused(self) -> float:
        """Seconds of pauses that are over."""
        return self._waited[_PAUSED]

    @property
    def output(self) -> float:
        """Seconds of waits for commits that are over."""
        return self._waited["output"]

    def shares(self, total: float, cpu: float) -> dict[str, float]:
        """Return each cause's share of the time but pauses; the shares add up to 1.

        Args:
            total: Seconds that the crawl took.
            cpu: Seconds of them for which the processor was the limit, as far as is known.
        """
        return _shares(self._waited, total, cpu)


class RecentBottleneck:
    """The same shares, of the last seconds.

    Args:
        bottleneck: Of the crawl.
        seconds: Length of the window, about.
    """

    def __init__(self, bottleneck: Bottleneck, seconds: float = 10.0) -> None:
        self._bottleneck = bottleneck
        self._seconds = seconds
        self._points: deque[tuple[float, float, dict[str, float]]] = deque()

    def shares(self, now: float, cpu: float) -> dict[str, float]:
        """Return each cause's share since the window began; empty while nothing is known.

        Args:
            now: Monotonic second.
            cpu: Seconds for which the processor was the limit by now.
        """
        points, waited = self._points, self._bottleneck.waited(now)
        if not points or now - points[-1][0] >= self._seconds / 10:
            points.append((now, cpu, waited))
        # The point before the window's beginning is its beginning.
        while len(points) > 1 and points[1][0] <= now - self._seconds:
            points.popleft()
        since, cpu_then, then = points[0]
        lately = {cause: spent - then[cause] for cause, spent in waited.items()}
        return _shares(lately, now - since, cpu - cpu_then)


def _shares(waited: Mapping[str, float], total: float, cpu: float) -> dict[str, float]:
    """Split time by cause.

    While the dispatcher waits, callbacks run on the same loop: what the processor was busy is its
    share, the rest is split by what was waited for.
    """
    total -= waited[_PAUSED]
    by_cause = {cause: waited[cause] for cause in _CAUSES}
    if waited[_MEMORY] > 0:
        by_cause[_MEMORY] = waited[_MEMORY]
    idle = sum(by_cause.values())
    if total <= 0 or idle <= 0:
        return {}
    busy = min(1.0, cpu / total)
    shares = {cause: (1 - busy) * spent / idle for cause, spent in by_cause.items()}
    shares["cpu"] += busy  # what was waited for in other processes, and what this one did
    return {cause: round(share, 3) for cause, share in shares.items()}
