"""The queue of one host: the best of its pending rows in memory, the rest counted on disk."""

from __future__ import annotations

import heapq

from crawler.messages import QueuedRequest

#: Priority descending, depth ascending, then discovery.
Order = tuple[int, int, int]


def order_of(request: QueuedRequest) -> Order:
    """Return the place of a request in its host's queue; smaller comes first."""
    return -request.rank, request.depth, request.id


class HostQueue:
    """Rows of one host that wait, and when the host may be asked again.

    Attributes:
        spilled: Ready rows that are only on disk.
        watermark: Every spilled row sorts at or after it; None while nothing is spilled.
        ready_at: Monotonic second from which a request may start.
        delay: Seconds between two starts.
        concurrency: Requests in flight allowed.
        in_flight: Requests in flight now.
        held: True while the host waits for its robots.txt.
        refilling: True between asking the store for rows and getting them.
        arrivals: Rows that came in between.
        retries: Ids of queued rows that the store has as retries, not as ready rows.
        scheduled: True while an entry of the frontier's heap stands for this host.
    """

    __slots__ = (
        "arrivals", "concurrency", "delay", "held", "in_flight", "name", "ready_at", "refilling",
        "retries", "scheduled", "spilled", "waiting", "watermark",
    )  # fmt: skip

    def __init__(self, name: str, *, concurrency: int, delay: float, ready_at: float) -> None:
        self.name = name
        self.concurrency = concurrency
        self.delay = delay
        self.ready_at = ready_at
        self.in_flight = 0
        self.held = False
        self.waiting: list[tuple[Order, QueuedRequest]] = []
        self.spilled = 0
        self.watermark: Order | None = None
        self.refilling = False
        self.arrivals: list[QueuedRequest] = []
        self.retries: set[int] = set()
        self.scheduled = False

    @property
    def eligible(self) -> bool:
        """Something waits and a slot is free; whether it is time is another question."""
        return bool(self.waiting) and self.in_flight < self.concurrency and not self.held

    def push(self, request: QueuedRequest, *, limit: int, retry: bool = False) -> bool:
        """Queue a row; return False if it stays on disk because better ones fill the window."""
        order = order_of(request)
        if retry:
            self.retries.add(request.id)
        elif self.watermark is not None and order >= self.watermark:
            self.spilled += 1
            return False
        heapq.heappush(self.waiting, (order, request))
        if len(self.waiting) > limit:
            self._spill(limit // 2)
        return True

    def pop(self) -> QueuedRequest:
        """Take the best row."""
        request = heapq.heappop(self.waiting)[1]
        self.retries.discard(request.id)
        return request

    def _spill(self, keep: int) -> None:
        """Leave the worst rows to the disk, all but retries, which only `due` would find again."""
        self.waiting.sort()
        kept, rest = self.waiting[:keep], self.waiting[keep:]
        kept += [entry for entry in rest if entry[1].id in self.retries]
        spilled = [entry for entry in rest if entry[1].id not in self.retries]
        self.waiting = kept  # sorted but for the retries at its end: make it a heap again
        heapq.heapify(self.waiting)
        if spilled:
            first = spilled[0][0]
            self.spilled += len(spilled)
            self.watermark = first if self.watermark is None else min(first, self.watermark)

    def refill(self, rows: list[QueuedRequest], *, more: bool, limit: int) -> None:
        """Take in the best rows from disk; `more` says that further ones are left there."""
        known = {request.id for _, request in self.waiting}
        fresh = [request for request in rows if request.id not in known]
        for request in fresh:
            heapq.heappush(self.waiting, (order_of(request), request))
        if more:
            self.spilled = max(1, self.spilled - len(fresh))
            self.watermark = order_of(rows[-1]) if rows else self.watermark
        else:
            self.spilled = 0
            self.watermark = None
        arrived, self.arrivals = self.arrivals, []
        self.refilling = False
        seen = known | {request.id for request in fresh}
        for request in arrived:
            if request.id not in seen:
                self.push(request, limit=limit)

    def move(self, request: QueuedRequest) -> None:
        """Put a pending row, whose depth or label improved, where it belongs now."""
        order = order_of(request)
        for place, (_, held) in enumerate(self.waiting):
            if held.id == request.id:
                self.waiting[place] = (order, request)
                heapq.heapify(self.waiting)
                return
        if self.watermark is not None and order < self.watermark and not self.refilling:
            heapq.heappush(self.waiting, (order, request))
            self.spilled = max(0, self.spilled - 1)
