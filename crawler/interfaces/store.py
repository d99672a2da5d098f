"""The frontier store: what it is asked, told, and gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from crawler.interfaces.commit import Batch, Committed, WaitingItem
from crawler.interfaces.sink import Mark
from crawler.messages import QueuedRequest, StoredCookie
from crawler.outcome import State
from crawler.page_memory import Overdue


class Grant(msgspec.Struct, frozen=True, gc=False):
    """The right to act as the owner of a store, or of a part of it.

    The embedded stores' grant is simply the job's lock; a shared store raises `Fenced` for one
    whose epoch has moved on.
    """

    owner: str
    epoch: int = 0


class Books(msgspec.Struct, kw_only=True):
    """Counts of this run's requests by state, kept as they change."""

    known: int = 0
    pending: int = 0
    done: int = 0
    failed: int = 0
    dead: int = 0
    skipped: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Every known request is in exactly one state."""
        ended = self.done + self.failed + self.dead + sum(self.skipped.values())
        return self.known == ended + self.pending


class LedgerLine(msgspec.Struct, kw_only=True, gc=False):
    """What became of one request: a line of `urls.jsonl.gz`.

    Attributes:
        outcome: The state's name, lower case.
        reason: Skip reason or error class; of a page that is done, in words with commas, how it
            is the same (`Same`, in incremental jobs) and what was odd about it (flags), else None.
        attempts: Times it was asked for.
        referrer: The page that led to it, None for a start.
        bytes: Size of the answer on the wire.
        ms: Milliseconds that the last try took.
        at: When the last try ended, RFC 3339, UTC; None for what was never tried.
    """

    url: str
    outcome: str
    reason: str | None = None
    status: int | None = None
    attempts: int = 0
    depth: int = 0
    referrer: str | None = None
    bytes: int = 0
    ms: int = 0
    error: str | None = None
    at: str | None = None


class RunStart(msgspec.Struct, frozen=True, kw_only=True):
    """How a run wants to begin.

    Attributes:
        mode: "auto" resumes what was interrupted, else refreshes if the job is incremental, else
            begins afresh; "fresh", "refresh" and "resume" insist. "refresh" begins a run to which
            every page belongs that earlier ones found alive or failing.
            "retry" takes over every row of the run that ended last and makes those pending that it
            gave up; what a limit had left pending is forgotten.
        run_id: Id of the run if it is a new one.
        settings: What the frontier's meaning depends on, encoded; kept with the run.
        max_depth: Requests deeper than this end as skipped; None for no limit.
        now: Wall-clock seconds.
        config: Absolute path of the job's config, "" for none; kept with the run.
        classes: "retry": the error classes to retry; None for all.
        tally: "retry" and a refresh: the encoded counters that the run begins with.
        marks: "retry": outputs of the last run that this one adds to.
        overdue: Of an incremental job: says which pages are due; None for any other job.
        keeps_links: What each page leads to is kept, so that `unled` pages can be told.
    """

    mode: str
    run_id: str
    settings: bytes
    now: float
    max_depth: int | None = None
    config: str = ""
    classes: frozenset[str] | None = None
    tally: bytes | None = None
    marks: tuple[Mark, ...] = ()
    overdue: Overdue | None = None
    keeps_links: bool = False


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that came to its end.

    Attributes:
        settings: As given when it began.
        done: Its pages that are done.
        tally: Its counters as of its last commit, None when it counted nothing.
        marks: How long its outputs were at its end.
    """

    run_id: str
    settings: bytes
    done: int = 0
    tally: bytes | None = None
    marks: tuple[Mark, ...] = ()


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of a run that failed or are dead, those that share all of this.

    Attributes:
        reason: Their error class.
        status: Their HTTP status, None without an answer.
        is_start: They are start requests.
        count: How many they are.
    """

    reason: str
    status: int | None
    is_start: bool
    count: int


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What the last process left behind.

    Attributes:
        marks: Committed lengths of the outputs of a run that did not end.
        unclean: True when the process did not close the store.
        run_id: The run that can be resumed, None when there is none.
        settings: Its settings, None when there is none.
        last: The run that ended, None when there is none, or one that can be resumed.
    """

    marks: tuple[Mark, ...] = ()
    unclean: bool = False
    run_id: str | None = None
    settings: bytes | None = None
    last: LastRun | None = None


class Opened(msgspec.Struct, kw_only=True):
    """The run that begins or goes on, and what the store knows of it.

    Attributes:
        resumed: True when an interrupted run goes on.
        retry_of: The run whose given-up requests this one retries, None for any other run.
        pending: Host key to number of rows that are ready, those beyond the first thousand or so
            perhaps not counted.
        waiting: Items in the outbox.
        next_due: Wall-clock second of the earliest retry, None for none.
        suspects: Rows whose callback was running when the process ended, to run alone.
        ordinal: Number of the run over the life of the job, from 1; 0 in a store that keeps none.
        refresh: It is a refresh: pages that are known belong to it from the beginning.
        due: Pages that were due as the run began.
    """

    grant: Grant
    run_id: str
    resumed: bool
    started: float
    retry_of: str | None = None
    pending: dict[str, int] = msgspec.field(default_factory=dict)
    waiting: int = 0
    hosts: dict[str, bytes] = msgspec.field(default_factory=dict)
    cookies: list[StoredCookie] = msgspec.field(default_factory=list)
    marks: list[Mark] = msgspec.field(default_factory=list)
    spider_state: bytes | None = None
    tally: bytes | None = None
    next_due: float | None = None
    suspects: list[QueuedRequest] = msgspec.field(default_factory=list)
    ordinal: int = 0
    refresh: bool = False
    due: int = 0


class HostEnd(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many ready requests of one host end at once, none of them sent.

    Attributes:
        limit: Most of them, in one transaction.
    """

    state: State
    reason: str
    error: str
    limit: int = 10_000


WriteOutputs = Callable[[], Sequence[Mark]]


class FrontierStore(Protocol):
    """Every request the job knows, one row each, and the run that works through them.

    Calls that take a grant are the owner's; they may raise `Fenced`, having changed nothing.
    """

    async def open(self) -> Recovered:
        """Recover what the last process left; begins nothing.

        Raises:
            StateError: The state is damaged, foreign, or newer than this program.
        """
        ...

    async def begin(self, start: RunStart) -> Opened:
        """Begin a run, or go on with the one that did not end.

        Raises:
            StateError: Mode "resume", and there is nothing to resume; mode "retry", and the last
                run did not come to its end.
        """
        ...

    async def given_up(self) -> list[GivenUp]:
        """Return what the run that ended last gave up; to be asked before `begin`."""
        ...

    async def commit(self, grant: Grant, batch: Batch, outputs: WriteOutputs) -> Committed:
        """Write the outputs, then everything of the batch and the outputs' marks, at once.

        Adding a request that is known changes nothing but, perhaps, its depth and label.
        """
        ...

    async def take(
        self, grant: Grant, host: str, limit: int, leave: frozenset[int]
    ) -> list[QueuedRequest]:
        """Return the next ready rows of a host in order, but those in `leave`. Writes nothing."""
        ...

    async def end_ready(self, grant: Grant, host: str, end: HostEnd, leave: frozenset[int]) -> int:
        """End ready rows of a host, but start requests and those in `leave`; return how many."""
        ...

    async def due(
        self, grant: Grant, now: float, limit: int, leave: frozenset[int]
    ) -> tuple[list[QueuedRequest], float | None]:
        """Return retries whose time has come, and when the next one's will."""
        ...

    async def not_due(self, grant: Grant, limit: int) -> list[QueuedRequest]:
        """Return pending rows that are not due, the first known first. Writes nothing.

        They are in no queue: whoever gets them commits them as skipped, with what they gave.
        """
        ...

    async def unfound(self, grant: Grant, *, unled: bool) -> dict[str, int]:
        """Make rows ready that waited for a link which did not come; return ready rows by host.

        They are asked for with what they carry from earlier runs.

        Args:
            grant: The run's.
            unled: If there is none of them, so are pages that are not due, and to which nothing
                leads any more.
        """
        ...

    async def gains(self, rows: Sequence[int]) -> dict[int, bytes]:
        """Return what pages gave when they were read last, by row; see `PageMemory.gain`."""
        ...

    async def unreached(self) -> int:
        """Return how many pages were due as the run began and are still pending."""
        ...

    async def waiting(self, grant: Grant, after: int, limit: int) -> list[WaitingItem]:
        """Return items of the outbox, those behind row `after`, in order. Writes nothing."""
        ...

    async def ledger(self, visit: Callable[[LedgerLine], None]) -> None:
        """Call `visit` for every request of the run, in order of discovery, off the loop."""
        ...

    async def writing_cpu(self) -> float:
        """Return the CPU seconds that writing has cost so far, beside those of the loop."""
        ...

    async def audit(self) -> Books:
        """Count the run's requests from the rows themselves, to prove `books` right."""
        ...

    def books(self) -> Books:
        """Return the run's counts as of the last commit."""
        ...

    async def close(self, *, finished: bool) -> None:
        """Close cleanly; `finished` ends the run, else it can be resumed."""
        ...

    async def abandon(self) -> None:
        """Close after an error, saying nothing; the next open recovers as after a kill."""
        ...
