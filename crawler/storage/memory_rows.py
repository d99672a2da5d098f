"""The rows of the memory store: what the tables are to the SQLite store."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from copy import copy

import msgspec

from crawler.frontier.host_queue import Order, order_of
from crawler.interfaces import Books, GivenUp, HostEnd, LedgerLine, PageCommit
from crawler.messages import QueuedRequest
from crawler.outcome import State
from crawler.storage.admitted import NewRow
from crawler.storage.counting import count
from crawler.storage.improve import Standing
from crawler.storage.rows import time_text


class _Row(msgspec.Struct):
    request: QueuedRequest
    state: State
    reason: str | None
    not_before: float | None = None
    end: PageCommit | None = None
    children: tuple[int, ...] = ()
    label_rank: int = 0

    @property
    def ready(self) -> bool:
        return self.state == State.PENDING and self.not_before is None

    @property
    def given_up(self) -> bool:
        return self.state in (State.FAILED, State.DEAD)


class MemoryRows:
    """Every row, a heap of ready rows for each host, and a heap of retries.

    An entry of a heap that its row has left behind is stale; it is dropped when it comes up.

    Attributes:
        books: Counts of the rows by state.
    """

    def __init__(self) -> None:
        self.books = Books()
        self._rows: dict[int, _Row] = {}
        self._ready: dict[str, list[Order]] = {}
        self._retries: list[tuple[float, int]] = []

    # Changes

    def add(self, new: NewRow) -> None:
        """Add a row."""
        request = QueuedRequest(
            id=new.id, key=new.key, url=new.url, host=new.host, method=new.method or "GET",
            body=new.body or b"", rank=new.rank, depth=new.depth, label=new.label,
            parent=new.parent, is_start=new.is_start, payload=new.payload,
        )  # fmt: skip
        row = _Row(request, State(new.state), new.reason, label_rank=new.label_rank)
        self._rows[new.id] = row
        self.books.known += 1
        count(self.books, row.state, row.reason, 1)
        if row.ready:
            self._file(row)

    def end(self, page: PageCommit) -> None:
        """Write how a request ended, or when it is to be tried again."""
        row = self._rows[page.id]
        count(self.books, row.state, row.reason, -1)
        row.state, row.reason, row.not_before = page.state, page.reason, page.not_before
        count(self.books, row.state, row.reason, 1)
        row.request.attempts = page.attempts
        row.request.fetch_no += page.fetched
        row.end = msgspec.structs.replace(page, links=(), requests=())
        if row.ready:
            self._file(row)
        elif row.state == State.PENDING and row.not_before is not None:
            heapq.heappush(self._retries, (row.not_before, page.id))

    def put_children(self, row: int, children: Iterable[int]) -> None:
        """Write which rows a page led to."""
        self._rows[row].children = tuple(dict.fromkeys(children))

    def _file(self, row: _Row) -> None:
        heap = self._ready.setdefault(row.request.host, [])
        heapq.heappush(heap, order_of(row.request))

    def retry(self, classes: Set[str] | None) -> None:
        """Make pending what was given up; forget what is pending. See `SqliteGivenUp.revive`."""
        for id_, row in list(self._rows.items()):
            if row.state == State.PENDING:
                del self._rows[id_]
            elif row.given_up and (classes is None or row.reason in classes):
                row.state, row.reason, row.not_before, row.end = State.PENDING, None, None, None
                row.request.attempts = 0
        self.books = self.audit()
        self._ready, self._retries = {}, []
        for row in self._rows.values():
            if row.ready:
                self._file(row)

    # See `crawler.storage.improve.KnownRows`

    def standing(self, row: int) -> Standing:
        """Return how a row stands."""
        held = self._rows[row]
        return Standing(held.state, held.reason, held.request.depth, held.not_before is not None)

    def lift(self, row: int, depth: int) -> None:
        """Set the depth of a row."""
        held = self._rows[row]
        held.request.depth = depth
        if held.ready:
            self._file(held)

    def relabel(self, row: int, label: str, label_rank: int) -> None:
        """Set the label of a row."""
        self._rows[row].request.label = label
        self._rows[row].label_rank = label_rank

    def revive(self, row: int) -> None:
        """Make a row that was skipped for its depth pending."""
        held = self._rows[row]
        count(self.books, held.state, held.reason, -1)
        held.state, held.reason = State.PENDING, None
        count(self.books, held.state, held.reason, 1)
        self._file(held)

    def children(self, row: int) -> Iterator[tuple[int, int]]:
        """Return id and key of the rows that a page led to."""
        for child in self._rows[row].children:
            yield child, self._rows[child].request.key

    # Questions

    def queued(self, row: int) -> QueuedRequest:
        """Return a row as it would be taken; the caller's to keep."""
        request = copy(self._rows[row].request)
        parent = self._rows.get(request.parent)
        request.parent_url = parent.request.url if parent is not None else None
        return request

    def is_ready(self, row: int) -> bool:
        """Tell whether a row may be taken."""
        return self._rows[row].ready

    def end_ready(self, host: str, end: HostEnd, leave: Set[int]) -> int:
        """End ready rows of a host, but start requests; return how many."""
        rows = (self._rows[order[2]] for order in sorted(self._ready.get(host, [])))
        found = (row for row in rows if row.ready and not row.request.is_start)
        free = dict.fromkeys(row.request.id for row in found if row.request.id not in leave)
        ended = list(free)[: end.limit]
        for row in ended:
            page = PageCommit(
                id=row, state=end.state, reason=end.reason, error=end.error,
                attempts=self._rows[row].request.attempts,
            )  # fmt: skip
            self.end(page)
        return len(ended)

    def take(self, host: str, limit: int, leave: Set[int]) -> list[QueuedRequest]:
        """Return the best ready rows of a host."""
        heap = self._ready.get(host, [])
        best: list[int] = []
        live: list[Order] = []
        while heap and len(best) < limit:
            order = heapq.heappop(heap)
            row = self._rows[order[2]]
            stale = not row.ready or order_of(row.request) != order
            if stale or (live and live[-1] == order):  # filed twice in the same place
                continue
            live.append(order)
            if order[2] not in leave:
                best.append(order[2])
        for order in live:
            heapq.heappush(heap, order)
        return [self.queued(row) for row in best]

    def due(
        self, now: float, limit: int, leave: Set[int]
    ) -> tuple[list[QueuedRequest], float | None]:
        """Return retries whose time has come, and when the next one's will."""
        heap = self._retries
        ready: list[int] = []
        left: list[tuple[float, int]] = []
        due = None
        while heap:
            at, id_ = entry = heapq.heappop(heap)
            row = self._rows[id_]
            stale = row.state != State.PENDING or row.not_before != at
            if stale or (left and left[-1] == entry):
                continue
            left.append(entry)
            if at <= now and id_ in leave:
                continue
            if at > now or len(ready) == limit:
                due = at
                break
            ready.append(id_)
        for entry in left:
            heapq.heappush(heap, entry)
        return [self.queued(id_) for id_ in ready], due

    def ledger(self) -> Iterator[LedgerLine]:
        """Return a line for every row, in order of discovery."""
        for row in self._rows.values():
            request, end = row.request, row.end or PageCommit(id=0)
            parent = self._rows.get(request.parent)
            yield LedgerLine(
                url=request.url, outcome=row.state.name.lower(), reason=row.reason,
                status=end.status, attempts=request.attempts, depth=request.depth,
                referrer=parent.request.url if parent else None, bytes=end.size, ms=end.ms,
                error=end.error, at=None if end.at is None else time_text(int(end.at)),
            )  # fmt: skip

    def given_up(self) -> list[GivenUp]:
        """Return what was given up, counted by sort."""
        sorts = Counter(
            (row.reason or "", row.end.status if row.end else None, row.request.is_start)
            for row in self._rows.values()
            if row.given_up
        )
        return [
            GivenUp(reason=reason, status=status, is_start=is_start, count=count)
            for (reason, status, is_start), count in sorts.items()
        ]

    def seen(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield key, id, depth and rank of the label of every row."""
        for id_, row in self._rows.items():
            yield row.request.key, id_, row.request.depth, row.label_rank

    def pending_by_host(self) -> dict[str, int]:
        """Return ready rows per host."""
        return dict(Counter(row.request.host for row in self._rows.values() if row.ready))

    def audit(self) -> Books:
        """Count the rows by state."""
        books = Books(known=len(self._rows))
        for row in self._rows.values():
            count(books, row.state, row.reason, 1)
        return books
