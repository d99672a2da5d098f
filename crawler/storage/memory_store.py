"""The frontier store that keeps nothing: `durability: off`, and the fake that tests verify.

It decides as the SQLite store does (both stand on `crawler.storage.intake` and `improve`) and
passes the same contract tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from crawler.errors import StateError
from crawler.frontier.fingerprint import Fingerprints
from crawler.frontier.seen_set import SeenSet, pack
from crawler.interfaces import (
    Batch,
    Books,
    Committed,
    GivenUp,
    Grant,
    HostEnd,
    LastRun,
    LedgerLine,
    Opened,
    Recovered,
    RunStart,
    WaitingItem,
    WriteOutputs,
)
from crawler.messages import QueuedRequest
from crawler.storage.counting import copied
from crawler.storage.improve import improve
from crawler.storage.intake import Intake, label_note
from crawler.storage.memory_rows import MemoryRows
from crawler.urls import CanonicalRules


class MemoryStore:
    """A `FrontierStore` in memory; it cannot be resumed.

    Args:
        canonical: What makes two URLs one.
        seed: Of the fingerprints.
    """

    def __init__(self, *, canonical: CanonicalRules, seed: int = 0) -> None:
        self._canonical = canonical
        self._seed = seed
        self._rows = MemoryRows()
        self._intake: Intake
        self._failed = False
        self._outbox: dict[int, WaitingItem] = {}
        self._last_waiting = 0
        self._run: RunStart | None = None
        self._finished = False
        self._tally: bytes | None = None
        self._spider_state: bytes | None = None

    async def open(self) -> Recovered:
        """See `FrontierStore.open`."""
        if self._run is None or not self._finished:
            return Recovered()
        last = LastRun(
            run_id=self._run.run_id,
            settings=self._run.settings,
            tally=self._tally,
            done=self._rows.books.done,
        )
        return Recovered(last=last)

    async def given_up(self) -> list[GivenUp]:
        """See `FrontierStore.given_up`."""
        return self._rows.given_up()

    async def begin(self, start: RunStart) -> Opened:
        """See `FrontierStore.begin`."""
        if start.mode == "resume":
            raise StateError("there is no interrupted run to resume")
        if start.overdue is not None:
            raise StateError("a store in memory remembers no page from one run to the next")
        last, retry = self._run, start.mode == "retry"
        if retry and not (last is not None and self._finished):
            raise StateError("there is no run that ended, of which something could be retried")
        if retry:
            self._rows.retry(start.classes)
        else:
            self._rows, self._spider_state = MemoryRows(), None
        self._run, self._finished, self._tally = start, False, start.tally
        self._intake = self._new_intake(start)
        return Opened(
            grant=Grant(owner="memory"), run_id=start.run_id, resumed=False, started=start.now,
            retry_of=last.run_id if last is not None and retry else None,
            pending=self._rows.pending_by_host(), spider_state=self._spider_state,
            marks=list(start.marks), tally=start.tally,
        )  # fmt: skip

    def _new_intake(self, start: RunStart) -> Intake:
        """Return an intake that knows the rows there are."""
        seen, last = SeenSet(), 0
        for key, row, depth, label_rank in self._rows.seen():
            seen.put(key, pack(row, depth, label_note(label_rank)))
            last = max(last, row)
        return Intake(
            Fingerprints(self._seed, self._canonical), seen, next_row=last + 1,
            max_depth=start.max_depth, history=None,
        )  # fmt: skip

    async def commit(self, grant: Grant, batch: Batch, outputs: WriteOutputs) -> Committed:
        """See `FrontierStore.commit`.

        Raises:
            StateError: An earlier commit failed: outputs may hold what no commit vouches for.
        """
        if self._failed:
            raise StateError("the last commit failed; nothing can be committed after it")
        self._failed = True
        outputs()
        committed = self._write(batch)
        self._failed = False
        return committed

    def _write(self, batch: Batch) -> Committed:
        rows = self._rows
        self._tally = batch.tally or self._tally
        self._spider_state = batch.spider_state or self._spider_state
        admitted = self._intake.admit(batch.pages)
        for page in batch.pages:
            if page.id:
                rows.end(page)
        for row, children in admitted.children.items():
            rows.put_children(row, children)
        for new in admitted.rows:
            rows.add(new)
        improved = improve(admitted.improved, rows, self._intake)
        fresh = [new.id for new in admitted.rows if rows.is_ready(new.id)]
        return Committed(
            waiting=self._change_outbox(batch),
            added=[rows.queued(row) for row in dict.fromkeys([*fresh, *improved.revived])],
            moved=[rows.queued(row) for row in improved.moved],
            label_conflicts=admitted.label_conflicts + improved.label_conflicts,
        )

    def _change_outbox(self, batch: Batch) -> list[WaitingItem]:
        for row in batch.settled:
            self._outbox.pop(row, None)
        filed = []
        for one in batch.waiting:
            self._last_waiting += 1
            filed.append(msgspec.structs.replace(one, row=self._last_waiting))
        self._outbox.update((one.row, one) for one in filed)
        return filed

    async def not_due(self, grant: Grant, limit: int) -> list[QueuedRequest]:
        """See `FrontierStore.not_due`: here every page is due."""
        return []

    async def unfound(self, grant: Grant, *, unled: bool) -> dict[str, int]:
        """See `FrontierStore.unfound`: here nothing is known of earlier runs."""
        return {}

    async def gains(self, rows: Sequence[int]) -> dict[int, bytes]:
        """See `FrontierStore.gains`."""
        return {}

    async def unreached(self) -> int:
        """See `FrontierStore.unreached`."""
        return 0

    async def waiting(self, grant: Grant, after: int, limit: int) -> list[WaitingItem]:
        """See `FrontierStore.waiting`."""
        behind = (one for row, one in self._outbox.items() if row > after)
        return list(islice(behind, limit))

    async def take(
        self, grant: Grant, host: str, limit: int, leave: frozenset[int]
    ) -> list[QueuedRequest]:
        """See `FrontierStore.take`."""
        return self._rows.take(host, limit, leave)

    async def end_ready(self, grant: Grant, host: str, end: HostEnd, leave: frozenset[int]) -> int:
        """See `FrontierStore.end_ready`."""
        return self._rows.end_ready(host, end, leave)

    async def due(
        self, grant: Grant, now: float, limit: int, leave: frozenset[int]
    ) -> tuple[list[QueuedRequest], float | None]:
        """See `FrontierStore.due`."""
        return self._rows.due(now, limit, leave)

    async def ledger(self, visit: Callable[[LedgerLine], None]) -> None:
        """See `FrontierStore.ledger`."""
        for line in self._rows.ledger():
            visit(line)

    async def writing_cpu(self) -> float:
        """See `FrontierStore.writing_cpu`."""
        return 0.0

    async def audit(self) -> Books:
        """See `FrontierStore.audit`."""
        return self._rows.audit()

    def books(self) -> Books:
        """See `FrontierStore.books`."""
        return copied(self._rows.books)

    async def close(self, *, finished: bool) -> None:
        """See `FrontierStore.close`."""
        self._finished = finished

    async def abandon(self) -> None:
        """Close after an error."""
