"""Whose turn it is at a host that several jobs ask: what is remembered of it, and what follows.

Each job of a machine reads and writes one record per host under a lock. Two requests to the host,
whoever sends them, are as far apart as the most careful of its jobs wants. A job that came too
early leaves word that the next turn is its own; of several that of the one that waits for longest
stands. So a job whose loop is busy, or whose own delay is long, is not late every time.

Times are monotonic seconds, which all processes of a machine share.
"""

from __future__ import annotations

import math

import msgspec

#: Of requests in flight that are counted over all jobs; a job that wants more is not counted.
PLACES = 8
#: Seconds that nobody waits for a host: what a record says beyond it is no time at all.
_BEYOND = 31 * 86_400.0


class HostTurn(msgspec.Struct, gc=False):
    """What the jobs of a machine know of one host together.

    Attributes:
        last: When it was asked last.
        quiet_until: Until when it asked to be left alone.
        gap: Seconds between two requests that the most careful job wants.
        gap_until: When that job is taken to be gone, unless it has asked again.
        gap_of: Which job it is; a number of its own, 0 for none.
        turn_of: Which job the next turn is kept for, 0 for none.
        turn_at: When that one may send.
        turn_since: Since when it waits.
        out: A bit for each place of a request that is out.
    """

    last: float = -math.inf
    quiet_until: float = -math.inf
    gap: float = 0.0
    gap_until: float = -math.inf
    gap_of: int = 0
    turn_of: int = 0
    turn_at: float = -math.inf
    turn_since: float = -math.inf
    out: int = 0

    def sound(self, now: float) -> bool:
        """Tell whether the times can be meant; not if they are of an earlier boot, or noise."""
        latest = now + _BEYOND
        return (
            self.last <= now + 60.0 and self.quiet_until <= latest and self.turn_at <= latest
            and self.gap_until <= 3 * latest and 0.0 <= self.gap <= latest
        )  # fmt: skip

    def rested_at(self) -> float:
        """Return when nothing that is known here matters any more."""
        return max(self.last + self.gap, self.quiet_until, self.gap_until, self.turn_at + 1.0)

    def ready_at(self, job: int, delay: float, since: float, now: float) -> float:
        """Return when a job may send its next request: not before the returned second.

        Args:
            job: Its number.
            delay: Seconds between two requests that it wants.
            since: When it was first told to wait for this request; `now` if it was not.
            now: The time.
        """
        gap = self._gap(job, delay, now)
        at = max(self.last + gap, self.quiet_until)
        return max(at, self.turn_at + grace(gap)) if self._kept(job, gap, since, now) else at

    def grant(self, job: int, delay: float, place: int | None, now: float) -> None:
        """Note that a job sends a request now.

        Args:
            job: Its number.
            delay: Seconds between two requests that it wants.
            place: Where the request is counted as out; None for nowhere.
            now: The time.
        """
        self.last = max(self.last, now)
        self._wants(job, delay, now, now)
        if self.turn_of == job:
            self.turn_of, self.turn_at = 0, -math.inf
        if place is not None:
            self.out |= 1 << place

    def deny(self, job: int, delay: float, at: float, since: float, now: float) -> None:
        """Note that a job comes again at a time: its own turn, unless another waits for longer."""
        if not self._kept(job, self._gap(job, delay, now), since, now):
            self.turn_of, self.turn_at, self.turn_since = job, at, since
        self._wants(job, delay, max(at, now), now)

    def lost(self, place: int, now: float) -> bool:
        """Tell whether who had a place has died; nobody knows what went out last, or when."""
        if not self.out & 1 << place:
            return False
        self.out &= ~(1 << place)
        self.last = max(self.last, now)
        self.gap_until = max(self.gap_until, now + self.gap + grace(self.gap))
        return True

    def end(self, job: int, delay: float, place: int | None, sent: float | None) -> None:
        """Note that a request has come to its end; `sent` is when it was on its way indeed."""
        if sent is not None:
            self.last = max(self.last, sent)
            self._wants(job, delay, sent, sent)
        if place is not None:
            self.out &= ~(1 << place)

    def _gap(self, job: int, delay: float, now: float) -> float:
        alive = self.gap_of != job and (self.out or now < self.gap_until)
        return max(delay, self.gap) if alive else delay

    def _kept(self, job: int, gap: float, since: float, now: float) -> bool:
        """Tell whether the next turn is another's, who waits for longer and is not late for it."""
        if self.turn_of in (0, job) or now >= self.turn_at + grace(gap):
            return False
        return (self.turn_since, self.turn_of) <= (since, job)

    def _wants(self, job: int, delay: float, at: float, now: float) -> None:
        """Note that a job is there, and comes again about one delay after a time."""
        gone = now >= self.gap_until and not self.out
        if self.gap_of == job or delay >= self.gap or gone:
            self.gap, self.gap_of = delay, job
            self.gap_until = at + delay + grace(delay)


def grace(gap: float) -> float:
    """Return the seconds by which a job may be late for a turn that is kept for it."""
    return min(0.5, max(0.02, gap / 4))


def look_again_in(delay: float) -> float:
    """Return the seconds after which to look again at a host that another job is asking."""
    return min(0.25, max(0.02, delay / 8))
