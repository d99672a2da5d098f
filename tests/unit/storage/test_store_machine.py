"""Both stores against a model of a few dicts, over every order of pages, kills and new runs.

The model knows nothing of filters, indexes or increments: after each commit it works out depth,
label and state of every row anew from all that was ever found.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from crawler.interfaces import Books, Committed, FrontierStore, PageCommit
from crawler.messages import HOP_RANK, NewRequest, QueuedRequest
from crawler.outcome import LinkBatch, SkipReason, State
from crawler.storage import sqlite_seen
from crawler.storage.memory_store import MemoryStore
from crawler.urls import CanonicalRules
from tests.unit.storage.store_driver import StoreDriver, a_start, sqlite_store

T = TypeVar("T")

HOSTS = ("a", "b")
urls = st.builds("http://{}/{}".format, st.sampled_from(HOSTS), st.integers(0, 5))
LABELS = {1: "first", 2: "second", 3: "third"}
UNLABELLED = 99


class Row:
    """What the model knows of one URL in this run."""

    def __init__(self, id_: int, rank: int, fetches: int) -> None:
        self.id = id_
        self.rank = rank
        self.fetches = fetches
        self.found_at: list[int] = []  # depths at which start requests found it
        self.parents: list[tuple[str, int]] = []  # pages that led to it, and how much deeper it is
        self.label = UNLABELLED
        self.end: tuple[State, str | None] | None = None
        self.not_before: float | None = None
        self.attempts = 0
        # As of the last commit.
        self.depth = 1_000
        self.state: tuple[State, str | None] = State.PENDING, None

    @property
    def ready(self) -> bool:
        return self.state[0] == State.PENDING and self.not_before is None


class Fate(NamedTuple):
    """How one page of a batch ends."""

    kind: str
    found: tuple[tuple[tuple[str, ...], int], ...]  # URLs and label rank of each batch of links
    asked: tuple[tuple[str, int], ...]  # URL and priority of each request
    wait: float


label_ranks = st.sampled_from([UNLABELLED, 1, 2, 3])
some_links = st.tuples(st.lists(urls, max_size=4).map(tuple), label_ranks)
fates = st.builds(
    Fate,
    st.sampled_from(["done", "done", "done", "failed", "dead", "redirect", "retry", "retry"]),
    st.lists(some_links, max_size=2).map(tuple),
    st.lists(st.tuples(urls, st.sampled_from([0, 0, 5])), min_size=1, max_size=2).map(tuple),
    st.sampled_from([0.0, 2.0]),
)


class StoreMachine(RuleBasedStateMachine):
    durable: bool

    @initialize(max_depth=st.sampled_from([1, 2, 3]), first=st.lists(urls, min_size=1, max_size=3))
    def begin(self, max_depth: int, first: list[str]) -> None:
        self.stack = ExitStack()
        self.runner = self.stack.enter_context(asyncio.Runner())
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.max_depth = max_depth
        self.now = 10.0
        self.rows: dict[str, Row] = {}
        self.history: dict[str, tuple[int, int]] = {}  # URL to row id and fetches
        self.next_id = 1
        self.runs = 0
        self.open("auto")
        self.commit([], first)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def open(self, mode: str) -> None:
        self.runs += 1
        store: FrontierStore
        store = (
            sqlite_store(self.folder) if self.durable else MemoryStore(canonical=CanonicalRules())
        )
        self.do(store.open())
        start = a_start(mode, run_id=f"run-{self.runs}", max_depth=self.max_depth)
        self.run = StoreDriver(store, self.do(store.begin(start)))
        #: Requests as they were taken; rows may improve since.
        self.out: dict[str, QueuedRequest] = {}

    # What the pages of a batch do, to the model

    def find(self, url: str, label: int, rank: int) -> Row:
        row = self.rows.get(url)
        if row is None:
            id_, fetches = self.history.get(url, (self.next_id, 0))
            self.next_id = max(self.next_id, id_ + 1)
            row = self.rows[url] = Row(id_, rank, fetches)
        if row.end is None:  # whatever ends in this batch has its label already
            row.label = min(row.label, label)
        return row

    def model_end(self, url: str, fate: Fate, attempts: int) -> None:
        row = self.rows[url]
        row.attempts, row.not_before = attempts, None
        if fate.kind == "retry":
            row.not_before = self.now + fate.wait
        elif fate.kind == "redirect":
            row.end = State.SKIPPED, SkipReason.REDIRECTED
        else:
            row.end = State[fate.kind.upper()], None if fate.kind == "done" else "status"
        row.fetches += fate.kind in ("done", "failed")

    def model_finds(self, url: str, fate: Fate) -> None:
        if fate.kind == "redirect":
            self.find(fate.asked[0][0], UNLABELLED, HOP_RANK).parents.append((url, 0))
        elif fate.kind == "done":
            for found, label in fate.found:
                for one in found:
                    self.find(one, label, 0).parents.append((url, 1))
            for one, rank in fate.asked:
                self.find(one, UNLABELLED, rank).parents.append((url, 1))

    def settle(self) -> None:
        """Work out every depth, as the shortest way from a start, and every state."""
        for row in self.rows.values():
            row.depth = min(row.found_at, default=1_000)
        for _ in self.rows:
            for row in self.rows.values():
                ways = [self.rows[parent].depth + more for parent, more in row.parents]
                row.depth = min([row.depth, *ways])
        for row in self.rows.values():
            deep = row.depth > self.max_depth
            untaken = (State.SKIPPED, "depth") if deep else (State.PENDING, None)
            row.state = row.end or untaken

    # What they do, to the store

    def page(self, request: QueuedRequest, fate: Fate) -> PageCommit:
        page = PageCommit(
            id=request.id, key=request.key, depth=request.depth, attempts=request.attempts + 1
        )
        if fate.kind == "retry":
            page.state, page.reason = State.PENDING, "timeout"
            page.not_before = self.now + fate.wait
        elif fate.kind == "redirect":
            page.state, page.reason = State.SKIPPED, SkipReason.REDIRECTED
            page.requests = [NewRequest(url=fate.asked[0][0], rank=HOP_RANK, depth=request.depth)]
        elif fate.kind == "done":
            page.fetched = True
            page.links = [
                LinkBatch(list(found), LABELS.get(rank), rank if rank in LABELS else 0)
                for found, rank in fate.found
            ]
            page.requests = [
                NewRequest(url=url, rank=rank, depth=request.depth + 1) for url, rank in fate.asked
            ]
        else:
            page.state, page.reason = State[fate.kind.upper()], "status"
            page.fetched = fate.kind == "failed"
        return page

    def commit(self, ends: list[tuple[str, Fate]], starts: list[str]) -> None:
        before = {url: (row.ready, row.depth, row.label) for url, row in self.rows.items()}
        pages = []
        for url, fate in ends:
            request = self.out.pop(url)
            pages.append(self.page(request, fate))
            self.model_end(url, fate, request.attempts + 1)
        for url, fate in ends:
            self.model_finds(url, fate)
        requests = [NewRequest(url=url, is_start=True) for url in starts]
        pages.append(PageCommit(id=0, depth=-1, requests=requests))
        for url in starts:
            self.find(url, UNLABELLED, 0).found_at.append(0)
        self.settle()
        self.check_committed(self.do(self.run.commit(*pages)), before)

    def check_committed(
        self, committed: Committed, before: dict[str, tuple[bool, int, int]]
    ) -> None:
        was_ready = {url for url, (ready, *_) in before.items() if ready}
        ready = {url for url, row in self.rows.items() if row.ready}
        assert sorted(request.url for request in committed.added) == sorted(ready - was_ready)
        moved = {request.url for request in committed.moved}
        better = {
            url
            for url in ready & was_ready
            if before[url][1:] != (self.rows[url].depth, self.rows[url].label)
        }
        assert better <= moved <= ready
        for request in (*committed.added, *committed.moved):
            self.check_request(request)

    def check_request(self, request: QueuedRequest) -> None:
        row = self.rows[request.url]
        assert (request.id, request.depth, request.rank) == (row.id, row.depth, row.rank)
        assert request.label == LABELS.get(row.label)
        assert (request.attempts, request.fetch_no) == (row.attempts, row.fetches + 1)

    # Rules

    @rule(host=st.sampled_from(HOSTS), limit=st.integers(1, 4))
    def take(self, host: str, limit: int) -> None:
        leave = [request.id for request in self.out.values()]
        taken = self.do(self.run.take(host, limit, leave))
        mine = [
            (-row.rank, row.depth, row.id, url)
            for url, row in self.rows.items()
            if row.ready and url not in self.out and url.startswith(f"http://{host}/")
        ]
        assert [request.url for request in taken] == [url for *_, url in sorted(mine)[:limit]]
        for request in taken:
            self.check_request(request)
            self.out[request.url] = request

    @rule(limit=st.integers(1, 3))
    def due(self, limit: int) -> None:
        leave = [request.id for request in self.out.values()]
        found, next_due = self.do(self.run.due(self.now, limit, leave))
        times = {
            url: row.not_before
            for url, row in self.rows.items()
            if row.not_before is not None and (row.not_before > self.now or url not in self.out)
        }
        ready = sorted(at for at in times.values() if at <= self.now)
        assert [times[request.url] for request in found] == ready[:limit]
        rest = [at for url, at in times.items() if url not in {r.url for r in found}]
        assert next_due == min(rest, default=None)
        for request in found:
            self.check_request(request)
            self.out[request.url] = request

    @rule(
        ends=st.lists(fates, min_size=1, max_size=4), starts=st.lists(urls, max_size=1),
        data=st.data(),
    )  # fmt: skip
    def pages_end(self, ends: list[Fate], starts: list[str], data: st.DataObject) -> None:
        order = data.draw(st.permutations(sorted(self.out)))
        self.commit(list(zip(order, ends, strict=False)), starts)

    @rule()
    def wait(self) -> None:
        self.now += 1.0

    @precondition(lambda self: self.durable)
    @rule(clean=st.booleans())
    def resume(self, clean: bool) -> None:
        self.do(self.run.store.close(finished=False) if clean else self.run.store.abandon())
        self.open("auto")
        assert self.run.opened.resumed
        assert self.run.opened.run_id != f"run-{self.runs}"
        ready = dict.fromkeys(HOSTS, 0)
        for url, row in self.rows.items():
            ready[url[7]] += row.ready
        assert self.run.opened.pending == {host: n for host, n in ready.items() if n}
        retries = [row.not_before for row in self.rows.values() if row.not_before is not None]
        assert self.run.opened.next_due == min(retries, default=None)

    @precondition(lambda self: self.durable)
    @rule(finished=st.booleans())
    def new_run(self, finished: bool) -> None:
        self.do(self.run.store.close(finished=finished))
        self.history |= {url: (row.id, row.fetches) for url, row in self.rows.items()}
        self.rows = {}
        self.open("auto" if finished else "fresh")
        assert not self.run.opened.resumed
        assert self.run.opened.run_id == f"run-{self.runs}"
        assert self.run.opened.pending == {}

    # What always holds

    @invariant()
    def the_books_are_right(self) -> None:
        books = Books(known=len(self.rows))
        for state, reason in (row.state for row in self.rows.values()):
            if state == State.SKIPPED:
                books.skipped[str(reason)] = books.skipped.get(str(reason), 0) + 1
            else:
                field = state.name.lower()
                setattr(books, field, getattr(books, field) + 1)
        assert self.run.store.books() == books
        assert self.do(self.run.store.audit()) == books

    @invariant()
    def the_ledger_has_one_line_for_each_row(self) -> None:
        lines = {line.url: line for line in self.do(self.run.ledger())}
        assert lines.keys() == self.rows.keys()
        for url, row in self.rows.items():
            line = lines[url]
            assert line.outcome == row.state[0].name.lower()
            assert (line.depth, line.attempts) == (row.depth, row.attempts)

    def teardown(self) -> None:
        if hasattr(self, "run"):
            self.do(self.run.store.abandon())
            self.stack.close()


class MemoryMachine(StoreMachine):
    durable = False


class SqliteMachine(StoreMachine):
    durable = True


KINDS = pytest.mark.parametrize("machine", [MemoryMachine, SqliteMachine], ids=["memory", "sqlite"])


@KINDS
def test_a_store_is_as_the_model_says(machine: type[StoreMachine]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=20, stateful_step_count=20, deadline=None)
    )


@KINDS
@pytest.mark.parametrize("seed", range(8))
def test_a_store_is_as_the_model_says_on_a_long_walk(
    machine: type[StoreMachine], seed: int
) -> None:
    chance = random.Random(seed)
    walked = machine()
    walked.begin(chance.choice([1, 2, 3, 5]), ["http://a/0", "http://b/0"])
    for number in range(250):
        walk_on(walked, chance, range(number // 15, number // 15 + 6))
        walked.the_books_are_right()
        walked.the_ledger_has_one_line_for_each_row()
    walked.teardown()


@pytest.mark.parametrize("seed", range(6))
def test_a_store_that_keeps_its_seen_set_in_parts_is_as_the_model_says_on_a_long_walk(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_seen, "KEEP_FROM", 0)
    test_a_store_is_as_the_model_says_on_a_long_walk(SqliteMachine, seed)


def walk_on(machine: StoreMachine, chance: random.Random, known: range) -> None:
    """Take one step; links lead to pages that move on slowly, so that the crawl never dries up."""

    def some_url() -> str:
        return f"http://{chance.choice(HOSTS)}/{chance.choice(known)}"

    def some_fate() -> Fate:
        kind = chance.choice(["done", "done", "done", "redirect", "redirect", "retry", "failed"])
        links = [
            (tuple(some_url() for _ in range(chance.randrange(3))), chance.choice([99, 1, 2, 3]))
            for _ in range(chance.randrange(3))
        ]
        asked = ((some_url(), chance.choice([0, 0, 5])),)
        return Fate(kind, tuple(links), asked, chance.choice([0.0, 2.0]))

    def end_some() -> None:
        out = chance.sample(sorted(machine.out), len(machine.out))
        starts = [some_url()] if chance.random() < 0.3 else []
        machine.commit([(url, some_fate()) for url in out[: chance.randrange(4)]], starts)

    steps: dict[Callable[[], None], float] = {
        end_some: 6,
        lambda: machine.take(chance.choice(HOSTS), chance.randrange(1, 5)): 5,
        lambda: machine.due(chance.randrange(1, 3)): 2,
        lambda: machine.wait(): 1,
    }
    if machine.durable:
        steps[lambda: machine.resume(chance.choice([True, False]))] = 0.5
        steps[lambda: machine.new_run(chance.choice([True, False]))] = 0.1
    (step,) = chance.choices(list(steps), list(steps.values()))
    step()
