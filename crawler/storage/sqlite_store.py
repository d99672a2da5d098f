"""The frontier store of a job: SQLite, the seen-set in memory, one writer thread.

The loop decides what a batch adds (a few microseconds a link), the writer thread writes it. The
engine commits one batch at a time, so the two never work on the seen-set together.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from crawler.damage import UNREADABLE
from crawler.errors import StateError
from crawler.files import sync_upwards
from crawler.frontier.fingerprint import Fingerprints
from crawler.frontier.seen_set import SeenSet
from crawler.interfaces import (
    Batch,
    Books,
    Committed,
    GivenUp,
    Grant,
    HostEnd,
    LedgerLine,
    Opened,
    Recovered,
    RunStart,
    WaitingItem,
    WriteOutputs,
)
from crawler.messages import QueuedRequest
from crawler.storage.complaint import complaint, damaged
from crawler.storage.intake import Intake
from crawler.storage.slot_file import SlotFile
from crawler.storage.sqlite_retry import last_run
from crawler.storage.sqlite_tables import SqliteTables
from crawler.storage.stored_items import StoredItems
from crawler.urls import CanonicalRules

T = TypeVar("T")

#: What reading rows raises that hold other things than were put there.
_STRANGE = (*UNREADABLE, LookupError, TypeError, ValueError)


class SqliteStore:
    """A `FrontierStore` on one SQLite file.

    The job's lock must be held while it is open: it is the grant.

    Args:
        path: The database file.
        canonical: What makes two URLs one.
        durability: "process" or "power_loss".
        slots: The file that remembers running callbacks; its writer calls `now_at` first.

    Attributes:
        items: What is known of items.
    """

    def __init__(
        self, path: Path, *, canonical: CanonicalRules, durability: str, slots: SlotFile
    ) -> None:
        self._path = path
        self._canonical = canonical
        self._durability = durability
        self._slots = slots
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="crawler-writer")
        self._tables: SqliteTables
        self._intake: Intake | None = None
        self._grant = Grant(owner=str(path))
        self._history = False
        self._failed = False
        self._closed = False
        self.items = StoredItems(self._on_writer, lambda: self._tables.items)

    async def _on_writer(self, work: Callable[[], T]) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._writer, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            # The thread goes on; nobody may close what it uses before it is done.
            await asyncio.wait([future])
            raise
        except sqlite3.Error as error:
            raise complaint(self._path, error) from error

    async def open(self) -> Recovered:
        """See `FrontierStore.open`."""
        try:
            return await self._on_writer(self._open)
        except _STRANGE as error:
            raise damaged(self._path, error) from error

    def _open(self) -> Recovered:
        tables = self._tables = SqliteTables(self._path, self._durability)
        if self._durability == "power_loss":
            self._settle_folders()
        state = tables.setting("run_state")
        going = state in ("open", "interrupted")
        return Recovered(
            marks=tables.marks(),
            unclean=state == "open",
            run_id=tables.setting("run_id") if going else None,
            settings=tables.setting("run_settings") if going else None,
            last=last_run(tables.setting),
        )

    def _settle_folders(self) -> None:
        """Put the state's name on the disk before any output: else its items would be nobody's."""
        try:
            sync_upwards(self._path.parent)
        except OSError as error:
            raise StateError(f"cannot write {self._path.parent}: {error.strerror}") from error

    async def given_up(self) -> list[GivenUp]:
        """See `FrontierStore.given_up`."""
        return await self._on_writer(lambda: self._tables.given_up().count())

    async def begin(self, start: RunStart) -> Opened:
        """See `FrontierStore.begin`."""
        try:
            return await self._on_writer(lambda: self._begin(start))
        except _STRANGE as error:
            raise damaged(self._path, error) from error

    def _begin(self, start: RunStart) -> Opened:
        tables = self._tables
        state = tables.setting("run_state")
        anew = start.mode in ("fresh", "refresh")
        resume = state in ("open", "interrupted") and not anew
        tables.remembers = start.overdue is not None
        tables.keeps_links = tables.items.weighs = start.keeps_links
        if start.mode == "resume" and not resume:
            raise StateError("there is no interrupted run to resume")
        if start.mode == "retry" and state != "finished":
            raise StateError("there is no run that ended, of which something could be retried")
        seed = int.from_bytes(tables.setting("seed"), "big")
        suspects = self._begin_rows(start, seed, resume=resume, crashed=state == "open")
        # What no earlier process left need not be looked for.
        refresh = tables.setting("run_mode") == "refresh"
        known = resume or refresh or start.mode == "retry"
        seen = tables.load_seen() if known else SeenSet()
        self._slots.clear(tables.commit_no)
        last = tables.last_row()
        self._history = last > len(seen)
        if self._history:
            tables.seen.index_keys()
        self._intake = Intake(
            Fingerprints(seed, self._canonical),
            seen,
            next_row=last + 1,
            max_depth=start.max_depth,
            history=tables.seen.history if self._history else None,
            carried=tables.memory.carried() if refresh else None,
            keeps_links=tables.keeps_links,
        )
        return Opened(
            grant=self._grant,
            run_id=tables.setting("run_id"),
            resumed=resume,
            retry_of=tables.setting("retry_of"),
            started=tables.setting("run_started"),
            pending=tables.hosts.pending(),
            waiting=len(tables.outbox),
            hosts=tables.hosts.states(),
            cookies=tables.cookies.all(),
            marks=list(tables.marks()),
            spider_state=tables.setting("spider_state"),
            tally=tables.setting("tally"),
            next_due=tables.next_due(start.now, frozenset()),
            suspects=suspects,
            ordinal=tables.setting("run_no", 0),
            refresh=refresh,
            due=tables.setting("run_due", 0) if refresh else 0,
        )

    def _begin_rows(
        self, start: RunStart, seed: int, *, resume: bool, crashed: bool
    ) -> list[QueuedRequest]:
        """Make the rows of a run ready; return those that are to run alone."""
        tables, suspects = self._tables, list[QueuedRequest]()
        if tables.memory.keep_keys(seed, self._canonical):
            tables.seen.forget()
            tables.forget_links()
        if resume:
            tables.begin_again(start.config, start.now)
            if crashed:
                suspects = tables.suspect(self._slots.suspects(tables.commit_no), start.now)
        elif start.mode == "retry":
            suspects = tables.begin_retry(start)
        elif tables.remembers and start.mode != "fresh":
            tables.begin_refresh(start)
        else:
            tables.begin_new(start)
        return suspects

    async def commit(self, grant: Grant, batch: Batch, outputs: WriteOutputs) -> Committed:
        """See `FrontierStore.commit`.

        Raises:
            StateError: It cannot be written, or an earlier commit failed: the seen-set and the
                outputs are ahead of the tables then, and only the next `open` brings them together.
        """
        if self._failed:
            raise StateError(f"{self._path}: the last commit failed; nothing can follow it")
        self._failed = True
        # A look into the history reads the disk, and that is the writer's business.
        intake = self._intake
        assert intake is not None  # nobody has a grant before `begin`
        admitted = None if self._history else intake.admit(batch.pages)

        def write() -> Committed:
            ready = intake.admit(batch.pages) if admitted is None else admitted
            return self._tables.write(batch, ready, outputs(), intake)

        committed = await self._on_writer(write)
        self._slots.now_at(self._tables.commit_no)
        self._failed = False
        return committed

    async def take(
        self, grant: Grant, host: str, limit: int, leave: frozenset[int]
    ) -> list[QueuedRequest]:
        """See `FrontierStore.take`."""
        return await self._on_writer(lambda: self._tables.take(host, limit, leave))

    async def end_ready(self, grant: Grant, host: str, end: HostEnd, leave: frozenset[int]) -> int:
        """See `FrontierStore.end_ready`."""
        return await self._on_writer(lambda: self._tables.end_ready(host, end, leave))

    async def due(
        self, grant: Grant, now: float, limit: int, leave: frozenset[int]
    ) -> tuple[list[QueuedRequest], float | None]:
        """See `FrontierStore.due`."""
        return await self._on_writer(lambda: self._due(now, limit, leave))

    def _due(
        self, now: float, limit: int, leave: frozenset[int]
    ) -> tuple[list[QueuedRequest], float | None]:
        rows = self._tables.due(now, limit, leave)
        held = leave | {request.id for request in rows}
        return rows, self._tables.next_due(now, held)

    async def not_due(self, grant: Grant, limit: int) -> list[QueuedRequest]:
        """See `FrontierStore.not_due`."""
        return await self._on_writer(lambda: self._tables.memory.not_due(limit))

    async def unfound(self, grant: Grant, *, unled: bool) -> dict[str, int]:
        """See `FrontierStore.unfound`."""
        return await self._on_writer(lambda: self._tables.unfound(self._intake, unled=unled))

    async def gains(self, rows: Sequence[int]) -> dict[int, bytes]:
        """See `FrontierStore.gains`."""
        return await self._on_writer(lambda: self._tables.memory.gains(rows))

    async def unreached(self) -> int:
        """See `FrontierStore.unreached`."""
        return await self._on_writer(self._tables.memory.due)

    async def waiting(self, grant: Grant, after: int, limit: int) -> list[WaitingItem]:
        """See `FrontierStore.waiting`."""
        return await self._on_writer(lambda: self._tables.outbox.after(after, limit))

    async def ledger(self, visit: Callable[[LedgerLine], None]) -> None:
        """See `FrontierStore.ledger`."""
        await self._on_writer(lambda: self._tables.ledger(visit))

    async def writing_cpu(self) -> float:
        """See `FrontierStore.writing_cpu`."""
        return await self._on_writer(time.thread_time)

    async def audit(self) -> Books:
        """See `FrontierStore.audit`."""
        return await self._on_writer(self._tables.audit)

    def books(self) -> Books:
        """See `FrontierStore.books`."""
        return self._tables.books

    async def close(self, *, finished: bool) -> None:
        """See `FrontierStore.close`.

        Raises:
            StateError: It cannot be written, or is not there any more.
        """
        if self._failed:
            await self.abandon()
            return
        if not self._path.exists():
            await self.abandon()
            raise StateError(
                f"{self._path} was deleted while the run went on; its outputs are whole, and"
                " nothing is left to resume"
            )
        try:
            await self._on_writer(lambda: self._tables.end(self._intake, finished=finished))
        except BaseException:
            await self.abandon()
            raise
        self._close_files()

    async def abandon(self) -> None:
        """Close after an error; the next open recovers as after a kill, but suspects nobody.

        Nothing happens if it is closed.
        """
        if self._closed:
            return
        try:
            if hasattr(self, "_tables"):
                await self._on_writer(self._tables.abandon)
                self._slots.clear(self._tables.commit_no)
        finally:
            self._close_files()

    def _close_files(self) -> None:
        self._closed = True
        self._slots.close()
        self._writer.shutdown()
