"""The frontier store that keeps nothing: `durability: off`, and the fake that tests verify.

It decides as the SQLite store does (both stand on `crawler.storage.intake`) and passes the same
contract tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from crawler.errors import StateError
from crawler.frontier.fingerprint import Fingerprints
from crawler.frontier.host_queue import order_of
from crawler.frontier.seen_set import SeenSet
from crawler.interfaces import (
    Batch,
    Books,
    Committed,
    Grant,
    LedgerLine,
    Opened,
    PageCommit,
    Recovered,
    RunStart,
    WriteOutputs,
)
from crawler.messages import QueuedRequest
from crawler.outcome import SkipReason, State
from crawler.storage.intake import Improvement, Intake, NewRow
from crawler.urls import CanonicalRules


class _Row(msgspec.Struct):
    request: QueuedRequest
    state: State
    reason: str | None
    end: PageCommit
    not_before: float | None = None
    children: tuple[int, ...] = ()


class MemoryStore:
    """A `FrontierStore` in a dict; it cannot be resumed.

    Args:
        canonical: What makes two URLs one.
        seed: Of the fingerprints.
    """

    def __init__(self, *, canonical: CanonicalRules, seed: int = 0) -> None:
        self._canonical = canonical
        self._seed = seed
        self._rows: dict[int, _Row] = {}
        self._ready: dict[str, dict[int, QueuedRequest]] = {}
        self._books = Books()
        self._intake: Intake

    async def open(self) -> Recovered:
        """See `FrontierStore.open`."""
        return Recovered()

    async def begin(self, start: RunStart) -> Opened:
        """See `FrontierStore.begin`."""
        if start.mode == "resume":
            raise StateError("there is no interrupted run to resume")
        self._intake = Intake(
            Fingerprints(self._seed, self._canonical),
            SeenSet(),
            next_row=1,
            max_depth=start.max_depth,
            history=None,
        )
        return Opened(
            grant=Grant(owner="memory"), run_id=start.run_id, resumed=False, started=start.now
        )

    async def commit(self, grant: Grant, batch: Batch, outputs: WriteOutputs) -> Committed:
        """See `FrontierStore.commit`."""
        outputs()
        admitted = self._intake.admit(batch.pages)
        for page in batch.pages:
            if page.id:
                self._end(page)
        for row, children in admitted.children.items():
            self._rows[row].children = tuple(dict.fromkeys(children))
        added = [request for row in admitted.rows if (request := self._add(row)) is not None]
        committed = Committed(added=added, label_conflicts=admitted.label_conflicts)
        self._improve(list(admitted.improved), committed)
        return committed

    def _add(self, new: NewRow) -> QueuedRequest | None:
        request = QueuedRequest(
            id=new.id, key=new.key, url=new.url, host=new.host, method=new.method or "GET",
            body=new.body or b"", rank=new.rank, depth=new.depth, label=new.label,
            parent=new.parent, is_start=new.is_start, payload=new.payload,
        )  # fmt: skip
        row = self._rows[new.id] = _Row(
            request, State(new.state), new.reason, PageCommit(id=new.id)
        )
        self._books.known += 1
        self._count(row, 1)
        if row.state != State.PENDING:
            return None
        self._ready.setdefault(new.host, {})[new.id] = request
        return request

    def _end(self, page: PageCommit) -> None:
        row = self._rows[page.id]
        self._count(row, -1)
        row.state, row.reason, row.not_before = page.state, page.reason, page.not_before
        row.request.attempts = page.attempts
        row.end = msgspec.structs.replace(page, links=(), requests=())
        row.request.fetch_no += page.fetched
        self._count(row, 1)
        self._ready[row.request.host].pop(page.id, None)
        if page.state == State.PENDING and page.not_before is None:
            self._ready[row.request.host][page.id] = row.request

    def _count(self, row: _Row, change: int) -> None:
        books = self._books
        if row.state == State.SKIPPED:
            name = row.reason or SkipReason.IGNORED
            books.skipped[name] = books.skipped.get(name, 0) + change
        else:
            field = row.state.name.lower()
            setattr(books, field, getattr(books, field) + change)

    def _improve(self, work: list[Improvement], committed: Committed) -> None:
        revived: dict[int, QueuedRequest] = {}
        moved: dict[int, QueuedRequest] = {}
        limit = self._intake.max_depth
        while work:
            better = work.pop()
            row = self._rows[better.row]
            row.request.depth = better.depth
            if better.label is not None and row.state != State.PENDING:
                committed.label_conflicts += 1
            if row.state == State.PENDING:
                row.request.label = better.label or row.request.label
                moved[better.row] = msgspec.structs.replace(row.request)
            elif row.reason == SkipReason.DEPTH and better.depth <= (limit or 0):
                self._count(row, -1)
                row.state, row.reason = State.PENDING, None
                self._count(row, 1)
                self._ready.setdefault(row.request.host, {})[better.row] = row.request
                revived[better.row] = row.request
            elif row.state == State.DONE and limit is not None:
                work += self._children_of(row, better.depth + 1)
        committed.added += revived.values()
        committed.moved += [request for id_, request in moved.items() if id_ not in revived]

    def _children_of(self, page: _Row, depth: int) -> Iterable[Improvement]:
        for id_ in page.children:
            key = self._rows[id_].request.key
            if self._intake.found_at(key, depth):
                yield Improvement(id_, key, depth, 0, None)

    async def take(
        self, grant: Grant, host: str, limit: int, leave: frozenset[int]
    ) -> list[QueuedRequest]:
        """See `FrontierStore.take`."""
        ready = self._ready.get(host, {})
        return sorted((r for id_, r in ready.items() if id_ not in leave), key=order_of)[:limit]

    async def due(
        self, grant: Grant, now: float, limit: int, leave: frozenset[int]
    ) -> tuple[list[QueuedRequest], float | None]:
        """See `FrontierStore.due`."""
        waiting = sorted(
            (row.not_before, id_)
            for id_, row in self._rows.items()
            if row.state == State.PENDING and row.not_before is not None and id_ not in leave
        )
        ready = [id_ for at, id_ in waiting if at <= now][:limit]
        rest = [at for at, id_ in waiting if id_ not in ready]
        return [self._rows[id_].request for id_ in ready], min(rest, default=None)

    async def ledger(self, visit: Callable[[LedgerLine], None]) -> None:
        """See `FrontierStore.ledger`."""
        for row in self._rows.values():
            request = row.request
            parent = self._rows.get(request.parent)
            visit(
                LedgerLine(
                    url=request.url, outcome=row.state.name.lower(), reason=row.reason,
                    status=row.end.status, attempts=request.attempts, depth=request.depth,
                    referrer=parent.request.url if parent else None, bytes=row.end.size,
                    ms=row.end.ms, error=row.end.error,
                )  # fmt: skip
            )

    async def audit(self) -> Books:
        """See `FrontierStore.audit`."""
        counted, self._books = self._books, Books(known=len(self._rows))
        for row in self._rows.values():
            self._count(row, 1)
        audited, self._books = self._books, counted
        return audited

    def books(self) -> Books:
        """See `FrontierStore.books`."""
        return self._books

    async def close(self, *, finished: bool) -> None:
        """See `FrontierStore.close`."""

    async def abandon(self) -> None:
        """Close after an error."""
