"""The frontier in memory: which host is ready now, and which of its requests comes next.

Theory. The store holds every pending row; this holds a window over them: per host the best few
hundred, in order. A heap of hosts by the time they may next be asked gives the next request
without looking at the others. Taking a row writes nothing: it is remembered as *taken* until the
commit that carries its outcome, so that a refill from the store can leave it out. Counts are kept
as they change; nothing here scans.

A host without work is forgotten once its delay has passed and nothing sets it apart from one that
was never seen: two that rest are looked at for each new one. So a crawl of a million hosts keeps
those that it is busy with.

No clock is read: `now` comes in, in monotonic seconds. Nothing here is safe for threads.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from crawler.frontier.host_queue import HostQueue
from crawler.messages import QueuedRequest

#: (requests in flight allowed, seconds between two starts) of a host, as they are now.
HostRule = Callable[[str], tuple[int, float]]

#: Rows of a host that are kept in memory however many hosts have work.
_LEAST = 2
#: Resting hosts that are looked at for each new one.
_LOOKS = 2


class _Taken(msgspec.Struct, frozen=True, gc=False):
    host: str
    retry: bool


class Frontier:
    """Orders what is pending.

    Args:
        rule: Gives the limits of a host when it is first seen, and again if it was forgotten.
        window: Rows kept in memory over all hosts, about.
        per_host: Rows kept in memory of one host, at most.
    """

    def __init__(self, rule: HostRule, *, window: int = 20_000, per_host: int = 512) -> None:
        self._rule = rule
        self._window = window
        self._per_host = per_host
        self._hosts: dict[str, HostQueue] = {}
        self._at_work: set[str] = set()
        # Hosts whose work was done when they were looked at last, or that are new.
        self._resting: deque[HostQueue] = deque()
        self._heap: list[tuple[float, int, HostQueue]] = []
        self._tie = itertools.count()
        self._taken: dict[int, _Taken] = {}
        self._hungry: dict[str, None] = {}
        self._retries: set[int] = set()
        self._limit = 0  # rows that are kept of one host
        self._share_window()
        self.in_flight = 0

    # What is there

    @property
    def idle(self) -> bool:
        """Nothing is queued, on disk or taken; retries that are not due are not known here."""
        return not self._taken and not self._at_work

    @property
    def taken(self) -> int:
        """Rows handed out whose outcome is not committed."""
        return len(self._taken)

    def host(self, name: str, now: float = 0.0) -> HostQueue:
        """Return a host's queue, made if there is none."""
        queue = self._hosts.get(name)
        if queue is None:
            self._forget_resting(now)
            concurrency, delay = self._rule(name)
            queue = HostQueue(name, concurrency=concurrency, delay=delay, ready_at=now)
            self._hosts[name] = queue
            self._rest(queue)
        return queue

    def _rest(self, queue: HostQueue) -> None:
        """Have a host looked at some time, whether anything is to be kept of it."""
        if not queue.resting:
            queue.resting = True
            self._resting.append(queue)

    def _forget_resting(self, now: float) -> None:
        """Look at the hosts that rest for longest; forget those that are as if they were new."""
        for _ in range(min(_LOOKS, len(self._resting))):
            queue = self._resting.popleft()
            queue.resting = False
            if queue.at_work:
                continue  # it comes back as its work is done
            idle = queue.idle and queue.ready_at <= now
            if idle and (queue.concurrency, queue.delay) == self._rule(queue.name):
                del self._hosts[queue.name]
            else:
                self._rest(queue)

    @property
    def hosts(self) -> Iterable[HostQueue]:
        """Every host that is kept, with or without work."""
        return self._hosts.values()

    @property
    def working(self) -> Iterable[HostQueue]:
        """Every host with work."""
        return [self._hosts[name] for name in self._at_work]

    # What comes in

    def spilled(self, name: str, count: int, now: float) -> None:
        """Note rows of a host that are on disk: at open."""
        queue = self.host(name, now)
        if count:
            queue.on_disk()
            self._schedule(queue)

    def push(self, request: QueuedRequest, now: float) -> None:
        """Queue a ready row that was committed; one that is here already changes nothing."""
        if request.id in self._taken:
            return
        queue = self.host(request.host, now)
        queue.push(request, limit=self._limit)
        self._schedule(queue)

    def push_retry(self, request: QueuedRequest, now: float) -> None:
        """Queue a retry whose time has come."""
        if request.id in self._taken:
            return
        queue = self.host(request.host, now)
        self._retries.add(request.id)
        queue.push_retry(request)
        self._schedule(queue)

    def move(self, request: QueuedRequest) -> None:
        """Give a ready row its better place and label, unless it is taken already."""
        if request.id not in self._taken and request.host in self._hosts:
            queue = self._hosts[request.host]
            queue.move(request, limit=self._limit)
            self._schedule(queue)

    # What goes out

    def next_ready(self, now: float) -> QueuedRequest | None:
        """Take the best request of a host that may be asked now; None when there is none.

        The caller says next what becomes of it: `start`, `put_back`, or nothing at all if it
        ends without a request to the host (robots), and in the end `committed`.
        """
        heap = self._heap
        while heap and heap[0][0] <= now:
            queue = heapq.heappop(heap)[2]
            queue.scheduled = False
            if not queue.eligible:
                continue
            if queue.ready_at > now:
                self._schedule(queue)
                continue
            request, retry = queue.pop()
            self._retries.discard(request.id)
            self._taken[request.id] = _Taken(queue.name, retry)
            self._schedule(queue)
            return request
        return None

    def start(self, request: QueuedRequest, now: float) -> None:
        """Note that a taken request goes out: the host's delay begins, a slot is used."""
        queue = self.host(request.host, now)
        queue.in_flight += 1
        self.in_flight += 1
        queue.ready_at = max(queue.ready_at, now + queue.delay)
        self._schedule(queue)

    def spend(self, name: str, now: float) -> None:
        """Begin a host's delay: something was sent to it."""
        queue = self.host(name, now)
        queue.ready_at = max(queue.ready_at, now + queue.delay)
        self._schedule(queue)

    def put_back(self, request: QueuedRequest, now: float) -> None:
        """Queue a taken request again, as if it had never been taken."""
        taken = self._taken.pop(request.id)
        queue = self.host(request.host, now)
        if taken.retry:
            self._retries.add(request.id)
        queue.put_back(request, retry=taken.retry)
        self._schedule(queue)

    def finish(self, request: QueuedRequest) -> None:
        """Free the slot of a request that went out."""
        queue = self._hosts[request.host]
        queue.in_flight -= 1
        self.in_flight -= 1
        self._schedule(queue)

    def answered(self, request: QueuedRequest, delay: float, sent: float | None) -> None:
        """Free the slot of a request that has ended, and begin its host's delay anew.

        Args:
            request: It.
            delay: Seconds between two starts that hold from now on.
            sent: Monotonic second at which it was sent; None if nothing was.
        """
        queue = self._hosts[request.host]
        queue.delay = delay
        if sent is not None and sent + delay > queue.ready_at:
            queue.ready_at = sent + delay
        queue.in_flight -= 1
        self.in_flight -= 1
        self._schedule(queue)

    def committed(self, row: int) -> None:
        """Forget a taken row: its outcome is in the store."""
        self._taken.pop(row, None)

    def claim(self, request: QueuedRequest) -> None:
        """Take a row that was never queued here (a suspect that runs alone)."""
        self._taken[request.id] = _Taken(request.host, retry=False)

    # When

    def wake_at(self) -> float | None:
        """Return the earliest time at which a queued request may start; None for never."""
        heap = self._heap
        while heap:
            ready, _, queue = heap[0]
            if queue.ready_at <= ready and queue.eligible:
                return ready
            heapq.heappop(heap)
            queue.scheduled = False
            self._schedule(queue)
        return None

    def waits_for_slot(self, name: str, now: float) -> bool:
        """Tell whether rows of a host wait that may start as soon as one of its slots is free."""
        queue = self.host(name, now)
        return bool(queue.waiting) and queue.ready_at <= now and not queue.held

    def pause(self, name: str, until: float) -> None:
        """Leave a host alone until a monotonic second."""
        queue = self.host(name)
        queue.ready_at = max(queue.ready_at, until)
        self._schedule(queue)

    def narrow(self, name: str, until: float) -> None:
        """Let one request at a time go to a host, from all over its queue, the next at a time.

        Args:
            name: The host.
            until: Monotonic second of the next.
        """
        queue = self.host(name)
        queue.concurrency, queue.probing = 1, True
        self.pause(name, until)

    def widen(self, name: str, ready_at: float) -> None:
        """End what `narrow` began, its pause included. Looks at every host with work."""
        queue = self.host(name)
        queue.concurrency, queue.probing = self._rule(name)[0], False
        queue.ready_at = ready_at
        # The entry of a host that may be asked earlier than it says is in the wrong place.
        self._heap = [entry for entry in self._heap if entry[2] is not queue]
        heapq.heapify(self._heap)
        queue.scheduled = False
        self._schedule(queue)

    def hold(self, name: str) -> None:
        """Stop a host until `release`: its robots.txt is on its way."""
        self.host(name).held = True

    def release(self, name: str) -> None:
        """Let a held host go on."""
        queue = self.host(name)
        queue.held = False
        self._schedule(queue)

    def _schedule(self, queue: HostQueue) -> None:
        """Keep what is known of a queue in step with it; called after every change.

        Several times a page: hence no call where an attribute will do.
        """
        waiting, name = queue.waiting, queue.name
        if waiting or queue.more:
            if name not in self._at_work:
                self._at_work.add(name)
                self._share_window()
            if queue.more and not queue.refilling and len(waiting) * 4 <= self._limit:
                self._hungry[name] = None
            if (
                waiting and not queue.scheduled and not queue.held
                and queue.in_flight < queue.concurrency
            ):  # fmt: skip
                queue.scheduled = True
                heapq.heappush(self._heap, (queue.ready_at, next(self._tie), queue))
        elif name in self._at_work:
            self._at_work.discard(name)
            self._share_window()
            self._rest(queue)

    def _share_window(self) -> None:
        """Share the window out between the hosts that have work."""
        self._limit = max(_LEAST, min(self._per_host, self._window // max(1, len(self._at_work))))

    # Refill from the store

    def hungry(self) -> str | None:
        """Return a host that should be refilled, marked as being so; None when all are fed."""
        while self._hungry:
            name = next(iter(self._hungry))
            del self._hungry[name]
            queue = self.host(name)
            if queue.more and not queue.refilling:
                queue.refilling = True
                return name
        return None

    def refill_size(self) -> int:
        """Rows to ask the store for."""
        return self._limit

    def leave(self, name: str) -> frozenset[int]:
        """Ids that a refill of a host is to leave out: queued or taken."""
        taken = {row for row, taken in self._taken.items() if taken.host == name}
        return frozenset(self.host(name).rows | taken)

    def leave_retries(self) -> frozenset[int]:
        """Ids that a look for due retries is to leave out."""
        return frozenset(self._retries | self._taken.keys())

    def refill(self, name: str, rows: list[QueuedRequest], *, asked: int, now: float) -> None:
        """Take in what the store gave for a host; fewer rows than asked for means no more."""
        queue = self.host(name, now)
        free = [request for request in rows if request.id not in self._taken]
        queue.refill(free, more=len(rows) >= asked, limit=self._limit)
        self._schedule(queue)
