"""A whole crawl of real parts, but for network, disk and time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from crawler.engine.crawl import Crawl, End, Parts
from crawler.engine.host_book import HostBook
from crawler.engine.limits import RunLimits
from crawler.engine.output import Output
from crawler.engine.robots_gate import RobotsGate
from crawler.engine.start_feed import StartFeed
from crawler.engine.tally import Tally
from crawler.frontier.frontier import Frontier
from crawler.interfaces import (
    Batch,
    Committed,
    FrontierStore,
    Grant,
    HostClocks,
    LedgerLine,
    Opened,
    RunStart,
    Workers,
    WriteOutputs,
)
from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome
from crawler.policy.autothrottle import AutothrottlePolicy
from crawler.policy.breaker import BreakerPolicy
from crawler.policy.memory import MemoryLimit
from crawler.policy.politeness import HostLimits, LimitRule, PolitenessPolicy
from crawler.policy.retry import RetryPolicy
from crawler.policy.scope import Scope
from crawler.spider.page_parser import PageParser
from crawler.spider.page_spider import PageSpider
from crawler.spider.spider import Spider
from crawler.spider.spider_state import SpiderState
from crawler.storage.memory_store import MemoryStore
from crawler.storage.slot_file import NoGuard
from crawler.testing.fake_clock import FakeClock
from crawler.testing.fake_fetcher import FakeFetcher, Script
from crawler.testing.fake_workers import FakeWorkers, Judge
from crawler.testing.memory_sink import MemorySink
from crawler.urls import CanonicalRules
from crawler.workers.inline import InlineWorkers
from crawler.workers.visit import Visitor

AGENT = "crawler/1.0"
START = "http://a.example/"


class SlowStore(MemoryStore):
    """Serves one call at a time, like a writer thread: each waits, acts, and waits to be heard."""

    def __init__(self, clock: FakeClock, takes: float) -> None:
        super().__init__(canonical=CanonicalRules())
        self._clock = clock
        self._takes = takes
        self._turn = asyncio.Lock()

    async def commit(self, grant: Grant, batch: Batch, outputs: WriteOutputs) -> Committed:
        async with self._turn:
            await self._clock.sleep(self._takes / 2)
            committed = await super().commit(grant, batch, outputs)
            await self._clock.sleep(self._takes / 2)
            return committed

    async def take(
        self, grant: Grant, host: str, limit: int, leave: frozenset[int]
    ) -> list[QueuedRequest]:
        async with self._turn:
            await self._clock.sleep(self._takes / 2)
            rows = await super().take(grant, host, limit, leave)
            # Rows are written down as they are; what is changed later does not change them.
            rows = [msgspec.structs.replace(row) for row in rows]
            await self._clock.sleep(self._takes / 2)
            return rows

    async def due(
        self, grant: Grant, now: float, limit: int, leave: frozenset[int]
    ) -> tuple[list[QueuedRequest], float | None]:
        async with self._turn:
            await self._clock.sleep(self._takes / 2)
            rows, due = await super().due(grant, now, limit, leave)
            rows = [msgspec.structs.replace(row) for row in rows]
            await self._clock.sleep(self._takes / 2)
            return rows, due


@dataclass(kw_only=True)
class Rig:
    """What a test says of its crawl; the rest is as plain as can be."""

    script: Mapping[str, Script] = field(default_factory=dict)
    starts: Sequence[str] = (START,)
    spider: Spider = field(default_factory=PageSpider)
    delay: float = 0.0
    per_host: int = 4
    adaptive: bool = False
    rules: tuple[LimitRule, ...] = ()
    concurrency: int = 16
    obey: bool = True
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(jitter=0.0))
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    limits: Mapping[str, Any] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    memory: MemoryLimit | None = None
    clocks: HostClocks | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    window: int = 20_000
    per_window: int = 512
    max_depth: int | None = None
    store: FrontierStore | None = None
    store_takes: float = 0.0
    sinks: Sequence[MemorySink] = field(default_factory=lambda: [MemorySink()])
    hosts: Mapping[str, bytes] = field(default_factory=dict)
    resumed: bool = False

    def __post_init__(self) -> None:
        self.fetcher = FakeFetcher(self.clock, self.script)
        self.ended: list[PageOutcome] = []
        self.book = HostBook(
            PolitenessPolicy(
                default=HostLimits(
                    concurrency=self.per_host, delay=self.delay, adaptive=self.adaptive
                ),
                limits=self.rules,
            ),
            AutothrottlePolicy(), user_agent=AGENT, obey_crawl_delay=self.obey,
        )  # fmt: skip
        self.opened: Opened
        self.crawl: Crawl
        self.workers: Workers

    async def open(self, **changes: Any) -> Rig:
        """Begin the run and put the crawl together; `changes` are those of `Opened`."""
        if self.store is None:
            slow = self.store_takes
            plain = MemoryStore(canonical=CanonicalRules())
            self.store = SlowStore(self.clock, slow) if slow else plain
            start = RunStart(
                mode="auto", run_id="r", settings=b"", now=self.clock.wall(),
                max_depth=self.max_depth,
            )  # fmt: skip
            self.opened = await self.store.begin(start)
        else:
            self.opened = Opened(grant=Grant(owner="memory"), run_id="r", resumed=True, started=0)
        changes = {"hosts": dict(self.hosts), "resumed": self.resumed} | changes
        self.opened = msgspec.structs.replace(self.opened, **changes)
        self.book.load(self.opened.hosts)
        self._wire(self.store)
        return self

    def _wire(self, store: FrontierStore) -> None:
        if not self.spider.start_urls:
            self.spider.start_urls = self.starts
        gate = asyncio.Semaphore(self.concurrency)
        parser = PageParser(self.spider, Scope(), robots_token="crawler")
        self.parser = parser
        self.crawl = Crawl(
            Parts(
                store=store, opened=self.opened,
                frontier=Frontier(self.book.rule, window=self.window, per_host=self.per_window),
                hosts=self.book,
                robots=RobotsGate(
                    self.fetcher, gate, self.book, self.retry, self.clock, obey=self.obey
                ),
                retry=self.retry, breaker=self.breaker,
                starts=StartFeed(parser.start(), items_done=self.tally.start_items),
                outputs=tuple(Output(sink) for sink in self.sinks), stamp={},
                limits=RunLimits(concurrency=self.concurrency, **self.limits),
                tally=self.tally, clock=self.clock, ended=self.ended.append,
                memory=self.memory, clocks=self.clocks,
            )
        )  # fmt: skip
        visitor = Visitor(
            self.fetcher, parser, NoGuard(), SpiderState(self.spider, None), self.retry
        )
        self.workers = InlineWorkers(visitor, gate, self.crawl.deliver)

    def judged_by(self, judge: Judge, *, takes: float = 0.0) -> FakeWorkers:
        """Let outcomes come from a function instead of pages."""
        self.workers = workers = FakeWorkers(self.clock, judge, self.crawl.deliver, takes=takes)
        return workers

    async def run(self) -> End:
        """Crawl to the end, opening first if that was not done."""
        if not hasattr(self, "opened"):
            await self.open()
        return await self.clock.play(self.crawl.run(self.workers))

    async def ledger(self) -> dict[str, LedgerLine]:
        """Return what became of each URL; no URL has two rows here."""
        assert self.store is not None
        lines: list[LedgerLine] = []
        await self.store.ledger(lines.append)
        twice = [url for url, times in Counter(line.url for line in lines).items() if times > 1]
        assert not twice
        return {line.url: line for line in lines}

    async def outcomes(self) -> dict[str, str]:
        """Return how each URL ended, as "done" or "skipped robots"."""
        ledger = await self.ledger()
        return {
            url: f"{line.outcome} {line.reason}" if line.reason else line.outcome
            for url, line in ledger.items()
        }

    async def assert_books(self) -> None:
        """Check that the books balance, and say what the rows say."""
        assert self.store is not None
        books = self.store.books()
        assert books.balanced
        # A reason that no row has any more may stand there with nothing.
        books.skipped = {reason: n for reason, n in books.skipped.items() if n}
        assert await self.store.audit() == books

    @property
    def items(self) -> list[dict[str, Any]]:
        """What the first sink has."""
        return self.sinks[0].records
