"""The queue of one host: the best of its pending rows in memory, the rest on disk.

The rule that keeps rows from being lost: a ready row of the host is held here, or taken, or
`more` is true. Only a look at the disk that came back with fewer rows than asked for makes `more`
false again, and between the question and the answer nothing moves from memory to disk.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Set

from crawler.messages import QueuedRequest

#: Priority descending, then what is overdue for longest; depth ascending, then discovery.
Order = tuple[int, int, int]

#: Before every priority there is.
_FIRST = -(1 << 96)
#: Bits of the first number that are the urgency.
_URGENCY = 32


def order_of(request: QueuedRequest) -> Order:
    """Return the place of a request in its host's queue; smaller comes first."""
    return -(request.rank << _URGENCY) - request.urgency, request.depth, request.id


class HostQueue:
    """Rows of one host that wait, and when the host may be asked again.

    Attributes:
        more: True while the disk may have ready rows that are not here.
        watermark: Rows that are only on disk sort at or after it; None while there are none.
        ready_at: Monotonic second from which a request may start.
        delay: Seconds between two starts.
        concurrency: Requests in flight allowed.
        in_flight: Requests in flight now.
        held: True while the host waits for its robots.txt.
        refilling: True between asking the store for rows and getting them.
        scheduled: True while an entry of the frontier's heap stands for this host.
        resting: The frontier is going to look whether the host is to be kept.
        probing: The host does not work: what is taken comes from all over the queue.
        waiting: Rows that wait here, by id, each with its place; to be looked at.
    """

    __slots__ = (
        "_arrivals", "_heap", "_probes", "_retries", "concurrency", "delay", "held", "in_flight",
        "more", "name", "probing", "ready_at", "refilling", "resting", "scheduled", "waiting",
        "watermark",
    )  # fmt: skip

    def __init__(self, name: str, *, concurrency: int, delay: float, ready_at: float) -> None:
        self.name = name
        self.concurrency = concurrency
        self.delay = delay
        self.ready_at = ready_at
        self.in_flight = 0
        self.held = False
        self.more = False
        self.watermark: Order | None = None
        self.refilling = False
        self.scheduled = False
        self.resting = False
        self.probing = False
        self._probes = 0
        self.waiting: dict[int, tuple[Order, QueuedRequest]] = {}
        # An entry whose order is no longer that of its row (the third number) is stale.
        self._heap: list[Order] = []
        self._retries: set[int] = set()
        self._arrivals: dict[int, QueuedRequest] = {}

    def __len__(self) -> int:
        return len(self.waiting)

    def __contains__(self, row: object) -> bool:
        return row in self.waiting

    @property
    def rows(self) -> Set[int]:
        """Ids of the rows that wait here."""
        return self.waiting.keys()

    @property
    def at_work(self) -> bool:
        """Something waits, here or on disk."""
        return bool(self.waiting) or self.more

    @property
    def idle(self) -> bool:
        """Nothing waits, is out or is being looked for; whether it is time is another question."""
        busy = self.in_flight or self.held or self.refilling or self.scheduled or self.probing
        return not (busy or self.at_work)

    @property
    def eligible(self) -> bool:
        """Something waits and a slot is free; whether it is time is another question."""
        return bool(self.waiting) and self.in_flight < self.concurrency and not self.held

    # One row

    def push(self, request: QueuedRequest, *, limit: int) -> None:
        """Take note of a ready row; it stays on disk if better ones fill the window."""
        if request.id in self.waiting:
            return
        if self.refilling:  # whether the answer has it nobody knows
            self._arrivals[request.id] = request
            return
        order = order_of(request)
        if self.watermark is not None and order >= self.watermark:
            self.more = True
            return
        self._put(order, request)
        self._keep(limit)

    def push_retry(self, request: QueuedRequest) -> None:
        """Queue a retry; it stays in memory, for the disk does not have it as ready."""
        if request.id not in self.waiting:
            self._retries.add(request.id)
            self._put(order_of(request), request)

    def put_back(self, request: QueuedRequest, *, retry: bool) -> None:
        """Queue a row that was taken, before all others."""
        if retry:
            self._retries.add(request.id)
        self._put((_FIRST, 0, request.id), request)

    def move(self, request: QueuedRequest, *, limit: int) -> None:
        """Put a ready row, whose depth or label improved, where it belongs now."""
        if request.id in self.waiting:
            self._put(order_of(request), request)
        else:
            self.push(request, limit=limit)

    def pop(self) -> tuple[QueuedRequest, bool]:
        """Take the best row, or one for a probe; also tells whether it is a retry."""
        if self.probing:
            return self._take(self._probe())
        while True:
            order = heapq.heappop(self._heap)
            held = self.waiting.get(order[2])
            if held is not None and held[0] == order:
                return self._take(order[2])

    def _take(self, row: int) -> tuple[QueuedRequest, bool]:
        request = self.waiting.pop(row)[1]
        if row not in self._retries:
            return request, False
        self._retries.discard(row)
        return request, True

    def _probe(self) -> int:
        """Choose a row that says whether the host works at all.

        Neighbours in a queue are mostly of one part of a site, and that part alone may be broken:
        probes go to the middle, the quarters, the eighths... of what was not tried yet. Every
        other one is a second try, as a site may make its pages when they are first asked for.
        """
        self._probes += 1
        tried = self.waiting.keys() & self._retries
        untried = self.waiting.keys() - tried
        wanted = (tried or untried) if self._probes % 2 == 0 else (untried or tried)
        rows = sorted(wanted, key=lambda row: self.waiting[row][0])
        number = (self._probes + 1) // 2
        width = number.bit_length()
        share = (2 * number + 1 - (1 << width)) / (1 << width)
        return rows[int(len(rows) * share)]

    def _put(self, order: Order, request: QueuedRequest) -> None:
        self.waiting[request.id] = order, request
        heapq.heappush(self._heap, order)

    # Memory and disk

    def on_disk(self) -> None:
        """Note that the disk has ready rows, and that any of them may be the best."""
        self.more = True
        self.watermark = (_FIRST, 0, 0)

    def refill(self, rows: Iterable[QueuedRequest], *, more: bool, limit: int) -> None:
        """Take in the best rows from disk; `more` says that further ones are left there."""
        self.refilling = False
        self.more = more
        self.watermark = None
        # What came in meanwhile is at least as new as the answer.
        arrived, self._arrivals = self._arrivals, {}
        last: Order | None = None
        for request in rows:
            last = order_of(request)
            if request.id not in self.waiting and request.id not in arrived:
                self._put(last, request)
        if more:
            self.watermark = last
        for request in arrived.values():
            self.push(request, limit=limit)

    def _keep(self, limit: int) -> None:
        """Leave the worst rows to the disk when there are too many, all but retries."""
        if len(self.waiting) - len(self._retries) <= limit:
            return
        ready = sorted(o for row, (o, _) in self.waiting.items() if row not in self._retries)
        keep = max(1, limit // 2)
        for order in ready[keep:]:
            del self.waiting[order[2]]
        self._heap = [order for order, _ in self.waiting.values()]
        heapq.heapify(self._heap)
        self.more = True
        first = ready[keep]
        self.watermark = first if self.watermark is None else min(first, self.watermark)
