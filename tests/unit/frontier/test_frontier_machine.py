"""The frontier against a store, with a window so small that it spills and refills all the time.

The machine plays the engine: it sends out what is ready, ends it, commits, refills, looks for due
retries; and it breaks each step that waits in the engine into a question, its answer, and the
arrival of the answer, so that everything else happens in between. What is asked is whether a row
is ever lost, handed out twice, or handed out before its time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from crawler.frontier.frontier import Frontier
from crawler.frontier.host_queue import order_of
from crawler.interfaces import Batch, Committed, Grant, PageCommit, RunStart
from crawler.messages import HOP_RANK, NewRequest, QueuedRequest
from crawler.outcome import LinkBatch, SkipReason, State
from crawler.storage.memory_store import MemoryStore
from crawler.urls import CanonicalRules

T = TypeVar("T")

GRANT = Grant(owner="test")
#: Host to (requests in flight, seconds between two starts).
RULES = {"a": (1, 1.0), "b": (3, 0.0), "c": (2, 0.5)}
PER_HOST, WINDOW = 4, 8
#: Tries until a request is dead.
BUDGET = 4


def rule_of(host: str) -> tuple[int, float]:
    return RULES.get(host, (1, 0.0))


class Fate(NamedTuple):
    """How a page ends: "done", "redirect", or "retry" after some seconds."""

    kind: str
    links: tuple[LinkBatch, ...]
    wait: float


def run_of_urls(host: str, first: int, count: int) -> list[str]:
    return [f"http://{host}/{number}" for number in range(first, first + count)]


runs = st.builds(run_of_urls, st.sampled_from("aabc"), st.integers(0, 40), st.integers(1, 12))
labels = st.sampled_from([(None, 0), ("first", 1), ("second", 2)])
links = st.builds(lambda found, label: LinkBatch(found, *label), runs, labels)
fates = st.builds(
    Fate,
    st.sampled_from(["done", "done", "redirect", "retry"]),
    st.lists(links, min_size=1, max_size=2).map(tuple),
    st.sampled_from([0.0, 0.5, 2.0]),
)
sendings = st.sampled_from(["start", "start", "start", "hold", "pause", "forbidden"])


class Question:
    """Something asked of the store, whose answer takes its time."""

    def __init__(self, asked: Coroutine[Any, Any, Any], *about: Any) -> None:
        self.asked, self.about = asked, about
        self.answered = False
        self.answer: Any = None


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of the memory store, which never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("the memory store waited")


class FrontierMachine(RuleBasedStateMachine):
    @initialize(max_depth=st.sampled_from([None, 2, 4]), first=runs)
    def begin(self, max_depth: int | None, first: list[str]) -> None:
        self.now = 10.0
        self.store = MemoryStore(canonical=CanonicalRules())
        start = RunStart(mode="auto", run_id="r", settings=b"", now=0.0, max_depth=max_depth)
        run_now(self.store.begin(start))
        self.new_frontier()
        self.gathered.append(self.starts(first))

    def new_frontier(self) -> None:
        self.frontier = Frontier(rule_of, window=WINDOW, per_host=PER_HOST)
        self.flying: list[QueuedRequest] = []
        self.gathered: list[PageCommit] = []
        self.committing: tuple[list[PageCommit], Committed] | None = None
        self.refilling: Question | None = None
        self.looking: Question | None = None
        self.next_due: float | None = None
        self.held: set[str] = set()
        self.may_start = dict.fromkeys(RULES, 0.0)
        self.put_first: set[int] = set()
        self.strangers = 0

    # What the store knows

    def ready(self) -> dict[int, QueuedRequest]:
        rows = self.store._rows._rows
        return {id_: row.request for id_, row in rows.items() if row.ready}

    def retries(self) -> dict[int, float]:
        rows = self.store._rows._rows.items()
        pending = {id_: row.not_before for id_, row in rows if row.state == State.PENDING}
        return {id_: at for id_, at in pending.items() if at is not None}

    def out(self) -> set[int]:
        committing = self.committing[0] if self.committing is not None else []
        pages = {page.id for page in (*self.gathered, *committing) if page.id}
        return pages | {request.id for request in self.flying}

    # Commits: the store has it, and later the frontier hears of it

    def starts(self, found: list[str]) -> PageCommit:
        requests = [NewRequest(url=url, is_start=True) for url in found]
        return PageCommit(id=0, depth=-1, requests=requests)

    @rule(found=runs)
    def feed(self, found: list[str]) -> None:
        self.gathered.append(self.starts(found))

    @rule()
    def commit_step(self) -> None:
        if self.committing is None:
            pages, self.gathered = self.gathered, []
            work = self.store.commit(GRANT, Batch(pages=pages), lambda: ())
            self.committing = pages, run_now(work)
            return
        (pages, committed), self.committing = self.committing, None
        for page in pages:
            self.frontier.committed(page.id)
            self.note_due(page.not_before)
        for request in committed.added:
            self.frontier.push(request, self.now)
        for request in committed.moved:
            self.frontier.move(request)

    def note_due(self, due: float | None) -> None:
        if due is not None and (self.next_due is None or due < self.next_due):
            self.next_due = due

    # Refills: asked, answered by the store, arrived

    @rule()
    def refill_step(self) -> None:
        question = self.refilling
        if question is None:
            name = self.frontier.hungry()
            if name is not None:
                size, leave = self.frontier.refill_size(), self.frontier.leave(name)
                take = self.store.take(GRANT, name, size, leave)
                self.refilling = Question(take, name, size)
        elif not question.answered:
            question.answer, question.answered = run_now(question.asked), True
        else:
            self.refilling = None
            name, size = question.about
            self.frontier.refill(name, question.answer, asked=size, now=self.now)

    # Retries go the same way

    @rule()
    def due_step(self) -> None:
        question = self.looking
        if question is None:
            if self.next_due is not None and self.next_due <= self.now:
                self.next_due = None
                leave = self.frontier.leave_retries()
                self.looking = Question(self.store.due(GRANT, self.now, 2, leave))
        elif not question.answered:
            question.answer, question.answered = run_now(question.asked), True
        else:
            self.looking = None
            rows, next_due = question.answer
            self.note_due(next_due)
            for request in rows:
                assert self.retries()[request.id] <= self.now
                self.frontier.push_retry(request, self.now)

    # Requests

    @rule(sendings=st.lists(sendings, min_size=1, max_size=4))
    def send(self, sendings: list[str]) -> None:
        for sending in sendings:
            request = self.frontier.next_ready(self.now)
            if request is None:
                return
            self.check_handed_out(request)
            self.put_first.discard(request.id)
            if sending == "start":
                self.frontier.start(request, self.now)
                self.not_before(request.host, RULES[request.host][1])
                self.flying.append(request)
            elif sending == "forbidden":
                page = PageCommit(id=request.id, key=request.key, attempts=request.attempts,
                                  state=State.SKIPPED, reason=SkipReason.ROBOTS)  # fmt: skip
                self.gathered.append(page)
            else:
                self.frontier.put_back(request, self.now)
                self.put_first.add(request.id)
                self.leave_alone(request.host, hold=sending == "hold")

    def leave_alone(self, host: str, *, hold: bool) -> None:
        if hold:
            self.frontier.hold(host)
            self.held.add(host)
        else:
            self.frontier.pause(host, self.now + 2.0)
            self.not_before(host, 2.0)

    def not_before(self, host: str, seconds: float) -> None:
        self.may_start[host] = max(self.may_start[host], self.now + seconds)

    def check_handed_out(self, request: QueuedRequest) -> None:
        host, ready, out = request.host, self.ready(), self.out()
        assert request.id not in out, "handed out twice"
        assert request.id in ready or self.retries()[request.id] <= self.now
        assert host not in self.held
        assert self.now >= self.may_start[host]
        assert sum(flying.host == host for flying in self.flying) < RULES[host][0]
        if request.id not in ready or request.id in self.put_first:
            return
        if self.frontier.host(host).refilling or self.committing is not None:
            return
        assert (request.depth, request.label) == (
            ready[request.id].depth, ready[request.id].label
        )  # fmt: skip
        rest = [row for id_, row in ready.items() if row.host == host and id_ not in out]
        assert order_of(request) == min(order_of(row) for row in rest), "out of order"

    @rule(ends=st.lists(fates, min_size=1, max_size=4))
    def land(self, ends: list[Fate]) -> None:
        for fate in ends:
            if not self.flying:
                return
            # Not always in the order of their start.
            request = self.flying.pop(len(fate.links) % len(self.flying))
            self.frontier.finish(request)
            self.gathered.append(self.page_of(request, fate))

    def page_of(self, request: QueuedRequest, fate: Fate) -> PageCommit:
        page = PageCommit(
            id=request.id, key=request.key, depth=request.depth, attempts=request.attempts + 1
        )
        if fate.kind == "done":
            page.fetched, page.links = True, fate.links
        elif fate.kind == "redirect":
            hop = NewRequest(url=fate.links[0].urls[0], rank=HOP_RANK, depth=request.depth)
            page.state, page.reason, page.requests = State.SKIPPED, SkipReason.REDIRECTED, [hop]
        elif page.attempts < BUDGET:
            page.state, page.reason = State.PENDING, "timeout"
            page.not_before = self.now + fate.wait
        else:
            page.state, page.reason = State.DEAD, "timeout"
        return page

    @rule(count=st.integers(1, 4))
    def strangers_come(self, count: int) -> None:
        """Hosts that were never seen have the frontier forget others."""
        for _ in range(count):
            self.strangers += 1
            self.frontier.host(f"stranger{self.strangers}", self.now)

    # Time, and the end of a process

    @rule(seconds=st.sampled_from([0.25, 1.0, 5.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for name in sorted(self.held):  # their robots.txt has come
            self.held.discard(name)
            self.frontier.spend(name, self.now)
            self.not_before(name, RULES[name][1])
            self.frontier.release(name)

    @rule()
    def die_and_resume(self) -> None:
        for question in (self.refilling, self.looking):
            if question is not None:
                question.asked.close()
        self.new_frontier()
        self.now += 1.0
        counts = dict.fromkeys(RULES, 0)
        for request in self.ready().values():
            counts[request.host] += 1
        for name, count in counts.items():
            self.frontier.spilled(name, count, self.now)
        self.next_due = min(self.retries().values(), default=None)

    # What always holds

    @invariant()
    def every_ready_row_is_held_somewhere(self) -> None:
        out = self.out()
        added = self.committing[1].added if self.committing is not None else []
        on_the_way = {request.id for request in added}
        for id_, request in self.ready().items():
            queue = self.frontier.host(request.host)
            held = id_ in queue or id_ in out or id_ in on_the_way
            assert held or queue.more or queue.refilling, f"{request.url} is lost"

    @invariant()
    def the_window_is_bounded(self) -> None:
        for queue in self.frontier.hosts:
            rows = queue.rows - self.retries().keys() - self.put_first
            # A refill brings a full load to a queue that is nearly empty.
            assert len(rows) <= 2 * PER_HOST

    @invariant()
    def counts_are_right(self) -> None:
        assert self.frontier.in_flight == len(self.flying)
        assert self.frontier.taken == len(self.out())
        if self.frontier.idle:
            assert not self.out()
            assert not self.ready() or self.committing is not None

    # In the end everything is fetched

    def teardown(self) -> None:
        if not hasattr(self, "frontier"):
            return
        for _ in range(2_000):
            if self.over():
                break
            self.one_turn()
        assert self.over(), "the crawl never ends"
        books = self.store.books()
        assert books.pending == 0
        assert books == run_now(self.store.audit())

    def over(self) -> bool:
        waits = self.gathered or self.committing or self.refilling or self.looking
        return self.frontier.idle and self.next_due is None and not waits

    def one_turn(self) -> None:
        """Do what an engine does when no new links come in."""
        for step in (self.commit_step, self.refill_step, self.due_step):
            step()
        self.send(["start"] * 4)
        self.land([Fate("done", (), 0.0)] * 8)
        wake = self.frontier.wake_at()
        times = [at for at in (wake, self.next_due) if at is not None and at > self.now]
        self.wait(min(times) - self.now if times else 0.0)


def test_no_row_is_ever_lost_or_handed_out_twice() -> None:
    run_state_machine_as_test(
        FrontierMachine,
        settings=settings(max_examples=60, stateful_step_count=60, deadline=None),
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_row_is_lost_on_a_long_walk(seed: int) -> None:
    """Deeper than a machine's examples go: thousands of steps, weighted as a crawl would be."""
    chance = random.Random(seed)
    machine = FrontierMachine()
    machine.begin(chance.choice([None, 2, 4]), run_of_urls("a", 0, 12))
    rarity = chance.choice([0.3, 0.8, 0.9])  # many links fill the window, few let it run empty
    for number in range(2_000):
        walk_on(machine, chance, range(number // 12, number // 12 + 12), rarity)
        machine.every_ready_row_is_held_somewhere()
        machine.the_window_is_bounded()
        machine.counts_are_right()
    machine.teardown()


def walk_on(machine: FrontierMachine, chance: random.Random, known: range, rarity: float) -> None:
    """Take one step; links lead to pages that move on slowly, so that the crawl never dries up."""

    def some_urls() -> list[str]:
        return run_of_urls(chance.choice("aabc"), chance.choice(known), chance.randrange(1, 9))

    def some_links() -> LinkBatch:
        label = chance.choice([(None, 0), ("first", 1), ("second", 2)])
        return LinkBatch(some_urls(), *label)

    def some_fate() -> Fate:
        kind = chance.choice(["done", "done", "done", "redirect", "retry", "retry"])
        links = () if kind == "done" and chance.random() < rarity else (some_links(),)
        return Fate(kind, links, chance.choice([0.0, 0.5, 2.0]))

    sendings = ["start", "start", "start", "start", "start", "hold", "pause", "forbidden"]
    steps: dict[Callable[[], Any], float] = {
        machine.commit_step: 4,
        machine.refill_step: 4,
        machine.due_step: 3,
        lambda: machine.send([chance.choice(sendings) for _ in range(chance.randrange(1, 5))]): 4,
        lambda: machine.land([some_fate() for _ in range(chance.randrange(1, 4))]): 3,
        lambda: machine.wait(chance.choice([0.25, 1.0])): 2,
        lambda: machine.feed(some_urls()): 0.3,
        lambda: machine.strangers_come(chance.randrange(1, 5)): 2,
        machine.die_and_resume: 0.05,
    }
    (step,) = chance.choices(list(steps), list(steps.values()))
    step()
