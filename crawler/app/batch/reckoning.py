"""How much of many videos is done, and when all will be: weighed by how long they play."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

#: Seconds that the rate is taken over, and that must have been seen before anything is foretold.
_WINDOW, _ENOUGH = 60.0, 2.0
_STEP = 0.5
#: What a video weighs if none says how long it plays.
_UNKNOWN = 60.0


@dataclass(slots=True)
class Going:
    """A video that is being made.

    Attributes:
        name: Of its input.
        seconds: That it plays, as far as is known.
        made: Seconds of it that are made.
        begun: When, by the monotonic clock.
    """

    name: str
    seconds: float
    begun: float
    made: float = 0.0

    @property
    def share(self) -> float:
        """What is made, from 0 to 1."""
        return min(1.0, self.made / self.seconds)


class Reckoning:
    """Adds up.

    Args:
        durations: Seconds that each video plays; None where it does not say.
    """

    def __init__(self, durations: list[float | None]) -> None:
        known = [one for one in durations if one is not None]
        self.usual = sum(known) / len(known) if known else _UNKNOWN
        self.count = len(durations)
        self.total = sum(self.usual if one is None else one for one in durations)
        self.ended = 0
        self._ended_seconds = 0.0
        self.going: dict[int, Going] = {}
        self._points: deque[tuple[float, float]] = deque()

    def begin(self, place: int, name: str, duration: float | None, now: float) -> None:
        """Note that a video is begun at a place."""
        self.going[place] = Going(name, self.usual if duration is None else duration, now)

    def end(self, place: int) -> None:
        """Note that it has ended, whatever became of it."""
        one = self.going.pop(place)
        self.ended += 1
        self._ended_seconds += one.seconds

    @property
    def made(self) -> float:
        """Seconds of playing time that are dealt with."""
        running = sum(one.share * one.seconds for one in self.going.values())
        return self._ended_seconds + running

    @property
    def share(self) -> float:
        """Part of all of them that is done, 0 to 1."""
        return min(1.0, self.made / self.total) if self.total else 1.0

    def see(self, now: float) -> None:
        """Take in where it stands."""
        points = self._points
        if not points or now - points[-1][0] >= _STEP:
            points.append((now, self.made))
        while len(points) > 2 and points[1][0] <= now - _WINDOW:
            points.popleft()

    @property
    def rate(self) -> float:
        """Seconds of playing time per second, lately; 0 while that is not known."""
        if len(self._points) < 2:
            return 0.0
        (then, before), (now, after) = self._points[0], self._points[-1]
        return (after - before) / (now - then) if now - then >= _ENOUGH else 0.0

    def eta(self, now: float) -> float | None:
        """Return seconds until the last one is done; None while that is not known.

        What is left goes at the rate of lately, but the slowest of those under way is waited for.
        """
        rate = self.rate
        if rate <= 0:
            return None
        slowest = 0.0
        for one in self.going.values():
            if one.share > 0:
                slowest = max(slowest, (now - one.begun) * (1 - one.share) / one.share)
        return max((self.total - self.made) / rate, slowest)
