"""Open connections that wait for their next request, shared by threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

from crawler.interfaces import Clock

#: Seconds that one is kept. Servers close after 5 to 75; each that closed first costs a try.
IDLE_AGE = 15.0


class Closable(Protocol):
    """What is kept here."""

    def close(self) -> None:
        """Close it."""
        ...


ConnectionT = TypeVar("ConnectionT", bound=Closable)


class IdleConnections(Generic[ConnectionT]):
    """Keeps connections by origin; of one origin the last that was used goes first.

    Args:
        clock: For their age.
        size: How many are kept over all hosts, 0 for none; the one that waited longest is closed
            for the next.
        age: Seconds that one is kept at most.
    """

    def __init__(self, clock: Clock, *, size: int = 256, age: float = IDLE_AGE) -> None:
        self._clock = clock
        self._size = size
        self._age = age
        self._lock = threading.Lock()
        # By when they began to wait, the oldest first; `_numbers` has those of each origin.
        self._waiting: OrderedDict[int, tuple[str, float, ConnectionT]] = OrderedDict()
        self._numbers: dict[str, list[int]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, origin: str) -> ConnectionT | None:
        """Return a connection to an origin, the caller's from now on; None if there is none."""
        with self._lock:
            old = self._remove_old()
            numbers = self._numbers.get(origin)
            found = self._remove(numbers[-1]) if numbers else None
        _close(old)
        return found

    def put(self, origin: str, connection: ConnectionT) -> None:
        """Keep a connection for the next request to its origin."""
        with self._lock:
            old = self._remove_old()
            number = self._next
            self._next += 1
            self._waiting[number] = (origin, self._clock.monotonic(), connection)
            self._numbers.setdefault(origin, []).append(number)
            while len(self._waiting) > self._size:
                old.append(self._remove(next(iter(self._waiting))))
        _close(old)

    def close(self) -> None:
        """Close every connection, and keep none from now on."""
        self._size = 0
        self.drop()

    def drop(self) -> None:
        """Close every connection."""
        with self._lock:
            old = [connection for _, _, connection in self._waiting.values()]
            self._waiting.clear()
            self._numbers.clear()
        _close(old)

    def _remove_old(self) -> list[ConnectionT]:
        """Take out those that waited too long; closing them is for after the lock."""
        since = self._clock.monotonic() - self._age
        out: list[ConnectionT] = []
        while self._waiting:
            number, (_, began, _) = next(iter(self._waiting.items()))
            if began > since:
                break
            out.append(self._remove(number))
        return out

    def _remove(self, number: int) -> ConnectionT:
        origin, _, connection = self._waiting.pop(number)
        numbers = self._numbers[origin]
        numbers.remove(number)
        if not numbers:
            del self._numbers[origin]
        return connection


def _close(connections: list[ConnectionT]) -> None:
    for connection in connections:
        connection.close()
