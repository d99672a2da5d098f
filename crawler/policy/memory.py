"""How much may go out while memory is short: `run.memory_limit`.

At nine tenths of the limit nothing new is sent, until what is on its way has come to its end and
the process is down to eight tenths: two marks, so that it does not stop and go with every page. It
may not come down, if it is what the crawl knows that takes the memory. Then requests go out one at
a time as long as there is room below the limit; once there is none, the run ends, to be gone on
with where there is more memory. So the limit is kept but for what was on its way.

No clock is read and no memory measured here: both come in.
"""

from __future__ import annotations

import enum

#: Shares of the limit: from the first on nothing is sent, below the second everything is again.
_HIGH, _LOW = 0.9, 0.8
#: Seconds without anything on its way after which memory is not going to fall by itself.
PATIENCE = 2.0


class Room(enum.Enum):
    """What may go out."""

    FREE = enum.auto()  # whatever else allows it
    NONE = enum.auto()  # nothing
    ONE = enum.auto()  # one request at a time
    OVER = enum.auto()  # nothing ever: the run is to end


class MemoryLimit:
    """Watches over one process.

    Args:
        limit: Bytes that it may have.

    Attributes:
        limit: The same.
        room: What may go out.
        times: How often it stopped everything.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.room = Room.FREE
        self.times = 0
        self._held = 0.0
        self._since = 0.0  # when `room` was FREE last
        self._still = 0.0  # when something was on its way last

    @property
    def high(self) -> int:
        """Bytes from which on nothing is sent."""
        return int(self.limit * _HIGH)

    @property
    def low(self) -> int:
        """Bytes below which everything is sent again."""
        return int(self.limit * _LOW)

    @property
    def most(self) -> int | None:
        """Requests that may be on their way; None for as many as else."""
        return None if self.room is Room.FREE else 1 if self.room is Room.ONE else 0

    def held(self, now: float) -> float:
        """Return the seconds so far in which less went out than could."""
        return self._held + (0.0 if self.room is Room.FREE else now - self._since)

    def look(self, size: int, *, busy: bool, now: float) -> Room:
        """Take note of the size of the process; return what may go out from now on.

        Args:
            size: Bytes.
            busy: Something is on its way, or waits to be written, and may free memory.
            now: Monotonic second.
        """
        if self.room is Room.OVER:
            return self.room
        if self.room is Room.FREE:
            if size >= self.high:
                self.times += 1
                self.room, self._since, self._still = Room.NONE, now, now
            return self.room
        if size < self.low:
            self._held += now - self._since
            self.room = Room.FREE
            return self.room
        if size >= self.limit:
            self.room = Room.NONE
        if busy:
            self._still = now
        elif self.room is Room.NONE and now - self._still >= PATIENCE:
            self.room = Room.OVER if size >= self.limit else Room.ONE
        return self.room
