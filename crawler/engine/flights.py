"""Which requests are out, and since when: for delays, and for people who ask what takes so long."""

from __future__ import annotations

import heapq

import msgspec

from crawler.messages import QueuedRequest


class Flight(msgspec.Struct, frozen=True):
    """One request that is out.

    Attributes:
        since: Monotonic second at which it went out.
    """

    request: QueuedRequest
    since: float


class Flights:
    """The pages that are on their way, by row."""

    def __init__(self) -> None:
        self._out: dict[int, tuple[float, QueuedRequest]] = {}

    def __len__(self) -> int:
        return len(self._out)

    def out(self, request: QueuedRequest, now: float) -> None:
        """Note that a request goes out."""
        self._out[request.id] = now, request

    def back(self, row: int) -> float:
        """Note that it has come to its end; return when it went out."""
        return self._out.pop(row)[0]

    def oldest(self, count: int) -> list[Flight]:
        """Return those that are out for longest, the oldest first."""
        out = heapq.nsmallest(count, self._out.values(), key=lambda one: one[0])
        return [Flight(request, since) for since, request in out]
