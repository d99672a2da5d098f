"""A store with a run begun, and short words for what pages do to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crawler.interfaces import (
    Batch,
    Committed,
    FrontierStore,
    ItemBatch,
    LedgerLine,
    Mark,
    Opened,
    PageCommit,
    RunStart,
)
from crawler.messages import NewRequest, QueuedRequest
from crawler.outcome import LinkBatch, State
from crawler.storage.slot_file import SlotFile
from crawler.storage.sqlite_store import SqliteStore
from crawler.urls import CanonicalRules

HOST = "a.example"


def at(path: int | str, host: str = HOST) -> str:
    return f"https://{host}/{path}"


def sqlite_store(folder: Path, *, durability: str = "process") -> SqliteStore:
    return SqliteStore(
        folder / "crawl.sqlite",
        canonical=CanonicalRules(),
        durability=durability,
        slots=SlotFile(folder / "slots"),
    )


def a_start(mode: str = "auto", *, run_id: str = "run-1", max_depth: int | None = None) -> RunStart:
    return RunStart(mode=mode, run_id=run_id, settings=b"{}", now=100.0, max_depth=max_depth)


class StoreDriver:
    def __init__(self, store: FrontierStore, opened: Opened) -> None:
        self.store = store
        self.opened = opened
        self.grant = opened.grant

    async def commit(
        self, *pages: PageCommit, marks: Sequence[Mark] = (), items: ItemBatch | None = None
    ) -> Committed:
        batch = Batch(pages=list(pages), items=items)
        return await self.store.commit(self.grant, batch, lambda: marks)

    async def start(self, *urls: str) -> list[QueuedRequest]:
        requests = [NewRequest(url=url, is_start=True) for url in urls]
        return (await self.commit(PageCommit(id=0, depth=-1, requests=requests))).added

    async def take(
        self, host: str = HOST, limit: int = 1000, leave: Sequence[int] = ()
    ) -> list[QueuedRequest]:
        return await self.store.take(self.grant, host, limit, frozenset(leave))

    async def taken_urls(self, host: str = HOST) -> list[str]:
        return [request.url for request in await self.take(host)]

    async def one(self, url: str, host: str = HOST) -> QueuedRequest:
        return next(request for request in await self.take(host) if request.url == url)

    async def due(
        self, now: float, limit: int = 1000, leave: Sequence[int] = ()
    ) -> tuple[list[QueuedRequest], float | None]:
        return await self.store.due(self.grant, now, limit, frozenset(leave))

    async def ledger(self) -> list[LedgerLine]:
        lines: list[LedgerLine] = []
        await self.store.ledger(lines.append)
        return lines

    async def line(self, url: str) -> LedgerLine:
        (line,) = [line for line in await self.ledger() if line.url == url]
        return line


def done(
    request: QueuedRequest,
    *links: str,
    label: str | None = None,
    label_rank: int = 0,
    requests: Sequence[NewRequest] = (),
) -> PageCommit:
    return PageCommit(
        id=request.id, key=request.key, state=State.DONE, status=200, fetched=True,
        attempts=request.attempts + 1, depth=request.depth, size=10, ms=5,
        links=[LinkBatch(list(links), label, label_rank)] if links else (), requests=requests,
    )  # fmt: skip


def ended(
    request: QueuedRequest,
    state: State,
    reason: str | None = None,
    *,
    requests: Sequence[NewRequest] = (),
    not_before: float | None = None,
) -> PageCommit:
    return PageCommit(
        id=request.id, key=request.key, state=state, reason=reason, not_before=not_before,
        attempts=request.attempts + 1, depth=request.depth, requests=requests,
        fetched=state in (State.DONE, State.FAILED),
    )  # fmt: skip


def again(request: QueuedRequest, when: float, reason: str = "timeout") -> PageCommit:
    return ended(request, State.PENDING, reason, not_before=when)
