"""The crawl loop: frontier, robots, workers and commits, over the seams of `crawler.interfaces`.

Three tasks share the work. `dispatch` sends out what is ready and refills the frontier's window
from the store; workers deliver outcomes; `commit` writes them. State changes happen in plain
functions between the awaits. No task sleeps while it holds a permit: a host in cool-down is simply
not eligible, and a retry waits in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from crawler.engine.bottleneck import Bottleneck
from crawler.engine.group_commit import BATCH_PAGES, GroupCommit
from crawler.engine.host_book import HostBook
from crawler.engine.limits import RunLimits
from crawler.engine.output import Output, OutputLines, Stamp
from crawler.engine.robots_gate import RobotsGate, Verdict
from crawler.engine.start_feed import StartFeed
from crawler.engine.tally import Tally, encode_tally
from crawler.errors import BooksError, CloseSpider
from crawler.frontier.frontier import Frontier
from crawler.interfaces import Batch, Clock, FrontierStore, Opened, PageCommit, Workers
from crawler.items import encode_fields
from crawler.messages import QueuedRequest
from crawler.outcome import ErrorClass, PageOutcome, SkipReason, State
from crawler.policy.retry import RetryPolicy, is_final
from crawler.spider.failure import CallbackFailed

#: Rows asked for at once when retries are due.
DUE_ROWS = 256
#: Known pending requests above which no more start requests are pulled.
ENOUGH_PENDING = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a crawl is made of; `app` puts it together and closes it."""

    store: FrontierStore
    opened: Opened
    frontier: Frontier
    hosts: HostBook
    robots: RobotsGate
    retry: RetryPolicy
    starts: StartFeed
    outputs: tuple[Output, ...]
    stamp: Stamp
    limits: RunLimits
    tally: Tally
    clock: Clock
    ended: Callable[[PageOutcome], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a run came to its end.

    Attributes:
        reason: "finished", a limit's name, "stopped", or what a spider said.
        finished: False when the run is to be resumed.
    """

    reason: str
    finished: bool


class Crawl:
    """One run of one job.

    Args:
        parts: What it is made of.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._frontier = parts.frontier
        self._clock = parts.clock
        self._tally = parts.tally
        self._workers: Workers
        self._commits = GroupCommit(self._commit, self._more_ready)
        self._wake = asyncio.Event()
        self._sent: dict[int, float] = {}
        self._asking: set[str] = set()
        self._suspects = list(parts.opened.suspects)
        self._next_due = parts.opened.next_due
        self._pages = parts.store.books().done
        self._stop: End | None = None
        self._begun = parts.clock.monotonic()
        self._asking_tasks: set[asyncio.Task[None]] = set()
        self.start_error: str | None = None
        self.bottleneck = Bottleneck()

    # From outside

    @property
    def in_flight(self) -> int:
        """Requests out now, those for robots.txt included."""
        return self._frontier.in_flight + len(self._asking)

    def quit_now(self) -> None:
        """Give up what is in flight; it is fetched again when the run goes on."""
        self.stop("quit")
        self._workers.stop(at_once=True)
        for task in self._asking_tasks:
            task.cancel()

    def stop(self, reason: str, *, finished: bool = False) -> None:
        """Send nothing more out; what is in flight is finished and committed."""
        if self._stop is None:
            self._stop = End(reason=reason, finished=finished)
        self._wake.set()

    def deliver(self, outcome: PageOutcome) -> None:
        """Take an outcome from the workers."""
        request = outcome.request
        now, wall = self._clock.monotonic(), self._clock.wall()
        hosts, frontier = self._parts.hosts, self._frontier
        pause = hosts.observe(outcome, sent=self._sent.pop(request.id), now=now, wall=wall)
        queue = frontier.host(request.host)
        queue.delay = hosts.delay(request.host)
        if pause:
            frontier.pause(request.host, now + pause)
        frontier.finish(request)
        if outcome.state == State.PENDING:
            self._decide_retry(outcome)
        if outcome.state != State.DONE:
            self._pages -= 1
        self._commits.add(outcome)
        self._wake.set()

    async def run(self, workers: Workers) -> End:
        """Crawl until nothing is left, a limit is reached, or `stop` was called.

        Raises:
            BooksError: Rows are left that nothing leads to; our bug.
        """
        self._workers = workers
        self._load()
        async with asyncio.TaskGroup() as group:
            working = group.create_task(workers.run())
            pulling = group.create_task(self._pull_starts())
            committing = group.create_task(self._commits.run())
            await self._dispatch(group)
            pulling.cancel()
            workers.stop()
            await working
            self._commits.close()
            await committing
        return self._stop or End(reason="finished", finished=True)

    # Dispatch

    def _load(self) -> None:
        opened, now, wall = self._parts.opened, self._begun, self._clock.wall()
        for name, count in opened.pending.items():
            self._frontier.spilled(name, count, now)
        for name in opened.hosts:
            queue = self._frontier.host(name, now)
            paused = self._parts.hosts.paused_until(name) - wall
            # After an unclean end nobody knows what went out last: the delay begins anew.
            queue.ready_at = now + max(queue.delay if opened.resumed else 0.0, paused)
        for request in self._suspects:
            self._frontier.claim(request)

    async def _pull_starts(self) -> None:
        feed = self._parts.starts

        def room() -> bool:
            return self._parts.store.books().pending < ENOUGH_PENDING

        try:
            await feed.pull(self._commits.poke, room)
        except CallbackFailed as error:
            # What it gave before is crawled; the run is not a good one, and says why.
            self.start_error = str(error)
            feed.exhausted = True
        except CloseSpider as word:
            feed.exhausted = True
            self.stop(word.reason, finished=True)
        self._wake.set()

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        """Send out until the crawl is over."""
        while self._stop is None:
            self._wake.clear()
            now = self._clock.monotonic()
            self._check_limits(now)
            if self._stop is None:
                self._send_ready(group, now)
            if await self._refill():
                continue
            if self._over():
                break
            await self._wait(now)

    def _check_limits(self, now: float) -> None:
        limits = self._parts.limits
        spent = self._tally.worked + now - self._begun
        if limits.max_runtime is not None and spent >= limits.max_runtime:
            self.stop("max_runtime", finished=True)
        elif limits.max_pages is not None and self._parts.store.books().done >= limits.max_pages:
            self.stop("max_pages", finished=True)

    def _may_send(self) -> bool:
        limits, frontier = self._parts.limits, self._frontier
        if self.in_flight >= limits.concurrency:
            return False
        if frontier.taken - frontier.in_flight >= BATCH_PAGES + len(self._suspects):
            return False
        return limits.max_pages is None or self._pages < limits.max_pages

    def _send_ready(self, group: asyncio.TaskGroup, now: float) -> None:
        if self._suspects:
            self._send_suspect(group, now)
            return
        while self._may_send():
            request = self._frontier.next_ready(now)
            if request is None:
                return
            self._consider(request, group, now)

    def _send_suspect(self, group: asyncio.TaskGroup, now: float) -> None:
        """Let a page that may have ended the last process run, with nothing beside it."""
        frontier = self._frontier
        others = frontier.taken - len(self._suspects)
        if others or frontier.in_flight or self._asking:
            return
        queue = frontier.host(self._suspects[-1].host, now)
        if queue.ready_at <= now and not queue.held:
            self._consider(self._suspects.pop(), group, now, suspect=True)

    def _consider(
        self, request: QueuedRequest, group: asyncio.TaskGroup, now: float, *, suspect: bool = False
    ) -> None:
        """Send a taken request out, or do what robots.txt says instead."""
        verdict = self._parts.robots.judge(request)
        if verdict is Verdict.GO:
            self._frontier.start(request, now)
            self._sent[request.id] = now
            self._pages += 1
            self._workers.submit(request)
        elif verdict is Verdict.FORBIDDEN:
            self._end_unsent(request, State.SKIPPED, SkipReason.ROBOTS, None)
        elif verdict is Verdict.UNREACHABLE:
            why = "robots.txt could not be reached, so nothing of this origin may be fetched"
            self._end_unsent(request, State.DEAD, ErrorClass.ROBOTS_UNREACHABLE, why)
        else:
            self._hold_back(request, suspect=suspect, now=now)
            if verdict is Verdict.LATER:
                self._frontier.pause(request.host, now + self._parts.robots.again_in(request))
            elif request.host not in self._asking:
                self._asking.add(request.host)
                self._frontier.hold(request.host)
                task = group.create_task(self._ask_robots(request))
                self._asking_tasks.add(task)
                task.add_done_callback(self._asking_tasks.discard)

    def _hold_back(self, request: QueuedRequest, *, suspect: bool, now: float) -> None:
        if suspect:
            self._suspects.append(request)
        else:
            self._frontier.put_back(request, now)

    def _end_unsent(
        self, request: QueuedRequest, state: State, reason: str, error: str | None
    ) -> None:
        self._commits.add(
            PageOutcome(request=request, state=state, reason=reason, error=error, sent=False)
        )

    async def _ask_robots(self, request: QueuedRequest) -> None:
        name = request.host
        self._frontier.spend(name, self._clock.monotonic())
        try:
            await self._parts.robots.fetch(request)
        finally:
            self._asking.discard(name)
            queue = self._frontier.host(name)
            queue.delay = self._parts.hosts.delay(name)
            self._frontier.release(name)
            self._wake.set()

    async def _refill(self) -> bool:
        """Fetch from the store what the window lacks; True if something may be ready now."""
        store, grant, frontier = self._parts.store, self._parts.opened.grant, self._frontier
        came = False
        while (name := frontier.hungry()) is not None:
            size = frontier.refill_size()
            rows = await store.take(grant, name, size, frontier.leave(name))
            frontier.refill(name, rows, asked=size, now=self._clock.monotonic())
            came = came or bool(rows)
        if self._next_due is not None and self._next_due <= self._clock.wall():
            self._next_due = None  # a commit that comes in meanwhile sets it anew
            leave = frontier.leave_retries()
            rows, due = await store.due(grant, self._clock.wall(), DUE_ROWS, leave)
            self._note_due(due)
            for request in rows:
                frontier.push_retry(request, self._clock.monotonic())
            came = came or bool(rows)
        return came and not self._wake.is_set()

    def _note_due(self, due: float | None) -> None:
        if due is not None and (self._next_due is None or due < self._next_due):
            self._next_due = due

    def _over(self) -> bool:
        """Tell whether nothing is left to do."""
        starts = self._parts.starts
        if not starts.exhausted or not starts.empty or self._asking or self._wake.is_set():
            return False
        if not self._commits.idle:
            return False
        if self._next_due is not None or not self._frontier.idle:
            return False
        left = self._parts.store.books().pending
        if left:
            raise BooksError(f"{left} requests are pending that no queue leads to")
        return True

    async def _wait(self, now: float) -> None:
        """Wait for an outcome, or until something is ready."""
        if self._wake.is_set():
            return
        seconds = self._seconds_to_next(now)
        cause = self._cause(seconds)
        await self._wait_for(seconds)
        self.bottleneck.waited(cause, self._clock.monotonic() - now)

    def _cause(self, seconds: float | None) -> str:
        """Name what the dispatcher is about to wait for."""
        frontier = self._frontier
        if frontier.taken - frontier.in_flight >= BATCH_PAGES:
            return "output"
        return "network" if seconds is None else "politeness"

    async def _wait_for(self, seconds: float | None) -> None:
        if seconds is None:
            await self._wake.wait()
            return
        waiting = [
            asyncio.ensure_future(one)  # noqa: TID251 - both are awaited and ended below
            for one in (self._wake.wait(), self._clock.sleep(seconds))
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def _seconds_to_next(self, now: float) -> float | None:
        times = []
        if self._may_send():
            at = self._frontier.wake_at()
            if at is not None and not self._suspects:
                times.append(at - now)
        if self._suspects:
            times.append(self._frontier.host(self._suspects[-1].host).ready_at - now)
            times = [seconds for seconds in times if seconds > 0]
        if self._next_due is not None:
            times.append(self._next_due - self._clock.wall())
        if self._parts.limits.max_runtime is not None:
            spent = self._tally.worked + now - self._begun
            times.append(self._parts.limits.max_runtime - spent)
        return max(0.0, min(times)) if times else None

    def _more_ready(self) -> bool:
        """Tell whether another request could go out this instant, or will when one comes back."""
        at = self._frontier.wake_at()
        return at is not None and at <= self._clock.monotonic()

    # Outcomes

    def _decide_retry(self, outcome: PageOutcome) -> None:
        """Turn "try again" into a wait, or into the end of the request."""
        kind = ErrorClass(outcome.reason or ErrorClass.PROTOCOL)
        tries = outcome.request.attempts + 1
        decision = self._parts.retry.decide(
            kind, tries, retry_after=outcome.retry_after, key=outcome.request.key
        )
        if decision is None:
            outcome.state = State.FAILED if is_final(kind) else State.DEAD
            outcome.retry_after = None
        else:
            outcome.retry_after = decision.wait

    async def _commit(self, outcomes: list[PageOutcome]) -> None:
        parts, wall = self._parts, self._clock.wall()
        lines = OutputLines(parts.outputs, parts.stamp)
        batch = Batch(hosts=parts.hosts.changed())
        urls: dict[int, str] = {}
        for outcome in outcomes:
            self._cut_to_limit(outcome)
            batch.pages.append(self._page_commit(outcome, wall))
            batch.cookies += outcome.cookies
            if outcome.spider_state is not None:
                batch.spider_state = outcome.spider_state
            lines.add_page(outcome, wall)
            self._tally.count_page(outcome)
            for item in outcome.items:
                self._tally.count_item(item)
            urls[outcome.request.id] = outcome.request.url
        self._add_starts(batch, lines)
        batch.tally = encode_tally(self._tally)
        committed = await parts.store.commit(parts.opened.grant, batch, lines.write)
        lines.print_committed()
        self._after_commit(outcomes, committed.added, urls)
        self._tally.label_conflicts += committed.label_conflicts
        for request in committed.moved:
            self._frontier.move(request)
        self._wake.set()

    def _page_commit(self, outcome: PageOutcome, wall: float) -> PageCommit:
        request = outcome.request
        retry = outcome.state == State.PENDING
        charged = outcome.sent and outcome.reason != ErrorClass.REUSE
        not_before = wall + (outcome.retry_after or 0.0) if retry else None
        self._note_due(not_before)
        return PageCommit(
            id=request.id, key=request.key, state=outcome.state, reason=outcome.reason,
            error=outcome.error, status=outcome.status,
            attempts=request.attempts + charged,
            not_before=not_before, fetched=outcome.state in (State.DONE, State.FAILED),
            depth=request.depth, size=outcome.size, ms=round(outcome.elapsed * 1000),
            links=outcome.links, requests=outcome.requests,
        )  # fmt: skip

    def _cut_to_limit(self, outcome: PageOutcome) -> None:
        """Leave out items beyond the limit and end the run with this page."""
        limit = self._parts.limits.max_items
        if limit is None:
            return
        room = max(0, limit - self._tally.items_out)
        if len(outcome.items) >= room:
            outcome.items, outcome.encoded = outcome.items[:room], outcome.encoded[:room]
            self.stop("limit", finished=True)

    def _add_starts(self, batch: Batch, lines: OutputLines) -> None:
        requests, items = self._parts.starts.take()
        for ordinal, item in items:
            self._tally.start_items = ordinal + 1
            self._tally.count_item(item)
            lines.add_start_item(encode_fields(item.data), ordinal)
        if requests:
            batch.pages.append(PageCommit(id=0, depth=-1, requests=requests))

    def _after_commit(
        self, outcomes: list[PageOutcome], added: list[QueuedRequest], urls: dict[int, str]
    ) -> None:
        now = self._clock.monotonic()
        for outcome in outcomes:
            self._frontier.committed(outcome.request.id)
            self._parts.ended(outcome)
            if outcome.close_reason is not None:
                self.stop(outcome.close_reason, finished=True)
        for request in added:
            request.parent_url = urls.get(request.parent)
            if request.is_start and not request.parent:
                self._tally.starts.given += 1
            self._frontier.push(request, now)
        self._parts.starts.drained()
