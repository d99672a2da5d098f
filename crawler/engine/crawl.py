"""The crawl loop: frontier, robots, workers and commits, over the seams of `crawler.interfaces`.

Few tasks share the work. `dispatch` has everything sent out that is ready (`sender`); looks into
the store refill the frontier's window beside it; workers deliver outcomes; `commit` writes them.
State changes happen in plain functions between the awaits. No task sleeps while it holds a permit:
a host in cool-down is simply not eligible, and a retry waits in the store.

Why nothing is forgotten: the dispatcher sleeps only on `_wake`, and whatever may make a request
ready (an outcome, a commit, a look into the store, an answer for robots.txt, a start request) sets
it after its change. What becomes ready by time alone has an alarm that does the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crawler.engine.bottleneck import Bottleneck
from crawler.engine.group_commit import GroupCommit
from crawler.engine.host_health import HostHealth
from crawler.engine.limits import LIMIT_REACHED
from crawler.engine.loading import load_frontier
from crawler.engine.not_due import NotDue
from crawler.engine.page_writer import PageWriter
from crawler.engine.parts import End, Parts
from crawler.engine.queue_view import QueueView, view_queues
from crawler.engine.refill import Refill
from crawler.engine.second_tries import SecondTries
from crawler.engine.sender import Sender
from crawler.engine.sight import Sight
from crawler.engine.sole_error import sole_error
from crawler.engine.transforms import Transforms
from crawler.engine.trap_watch import TrapWatch
from crawler.errors import BooksError, CloseSpider
from crawler.interfaces import Workers
from crawler.messages import QueuedRequest
from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.spider.failure import CallbackFailed

__all__ = ["Crawl", "End", "Parts"]

#: Known pending requests above which no more start requests are pulled.
ENOUGH_PENDING = 2_000


class Crawl:
    """One run of one job.

    Args:
        parts: What it is made of.

    Attributes:
        start_error: What the spider's `start` raised, None for nothing.
        bottleneck: Where the waiting time went.
        sight: What it does at the moment.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._frontier = parts.frontier
        self._clock = parts.clock
        self._workers: Workers
        self._wake = asyncio.Event()
        self._commits = GroupCommit(self._commit, self._more_ready, self._busy)
        self._writer = PageWriter(parts)
        self._refill = Refill(parts, self._wake.set)
        self._transforms: Transforms | None = None
        if parts.transform is not None:
            self._transforms = Transforms(
                parts.transform, parts.store, parts.opened, self._commits.poke
            )
        self._second_tries = SecondTries(parts.retry, recheck=parts.recheck)
        self._health = HostHealth(parts.hosts, parts.frontier, parts.breaker, parts.tally)
        self._watch = TrapWatch(parts.traps, parts.tally)
        self._not_due = NotDue(parts, self._commits, self._wake.set)
        self._sender = Sender(parts, self._commits, self._watch, self._crowded, self._wake.set)
        self._stop: End | None = None
        self._group: asyncio.TaskGroup | None = None  # while requests may be sent
        self._quitting = False
        self._pulling: asyncio.Task[None] | None = None
        self._begun = parts.clock.monotonic()
        self.start_error: str | None = None
        self.bottleneck = Bottleneck()
        self.sight = Sight(
            parts=parts, flights=self._sender.flights, robots=self._sender.asking,
            commits=self._commits, transforms=self._transforms,
        )  # fmt: skip

    # From outside

    @property
    def in_flight(self) -> int:
        """Requests out now, those for robots.txt included."""
        return self._sender.in_flight

    @property
    def paused(self) -> bool:
        """Nothing is sent out until `go_on`."""
        return self._sender.paused

    def stop(self, reason: str, *, finished: bool = False) -> None:
        """Send nothing more out; what is in flight is finished and committed."""
        if self._stop is None:
            self._stop = End(reason=reason, finished=finished)
        self._wake.set()

    def pause(self) -> None:
        """Send nothing out until `go_on`; what is in flight is finished and committed.

        The limit of the run's time goes on counting: it is a promise about the clock on the wall.
        """
        self._sender.paused = True
        self._wake.set()

    def go_on(self) -> None:
        """Send again, after `pause`."""
        self._sender.paused = False
        self._wake.set()

    def queues(self) -> QueueView:
        """Return what waits for which hosts; looks at every host with work."""
        pending = self._parts.store.books().pending - self._frontier.taken
        return view_queues(self._frontier, pending, self._clock.monotonic())

    @property
    def starts_pulled(self) -> bool:
        """Every start request is known."""
        return self._parts.starts.exhausted

    def look_again(self) -> None:
        """Have the dispatcher look for work."""
        self._wake.set()

    def due_at(self, now: float) -> float | None:
        """Return when something is to be done by time alone; None for never."""
        due = self._refill.seconds_to_due()
        times = (self._sender.ready_at(now), None if due is None else now + due)
        return min((at for at in times if at is not None), default=None)

    def give_up_start(self, why: str) -> None:
        """Wait no longer for the spider's `start`; the run is not a good one, and says why."""
        starts = self._parts.starts
        if self._pulling is not None and not starts.exhausted:
            self.start_error = why
            self._pulling.cancel()
            starts.exhausted, starts.holds = True, False
            self._wake.set()

    def quit_now(self) -> None:
        """Give up what is in flight; it is fetched again when the run goes on."""
        self._quitting = True
        self.stop("quit")
        self._workers.stop(at_once=True)

    def deliver(self, outcome: PageOutcome) -> None:
        """Take an outcome from the workers."""
        request = outcome.request
        now, wall = self._clock.monotonic(), self._clock.wall()
        hosts, frontier = self._parts.hosts, self._frontier
        sent = self._sender.sent_at(request)
        pause = hosts.observe(outcome, sent=sent, now=now, wall=wall)
        if pause:
            frontier.pause(request.host, now + pause)
        # A connection had to be made first, perhaps: the delay counts from what was sent.
        asked = (outcome.asked_at or now) if outcome.sent else None
        frontier.answered(request, hosts.delay(request.host), asked)
        self._sender.turns.end(request.host, asked, now, pause=pause)
        self._second_tries.settle(outcome)
        self._health.observe(outcome, sent=sent, now=now, wall=wall)
        if outcome.state != State.DONE:
            self._sender.not_done()
        if outcome.reason == ErrorClass.CRASH:
            self._sender.crashed(request.id)
        self._commits.add(outcome)
        if not self._send(now):
            self._wake.set()

    def hand_back(self, request: QueuedRequest) -> None:
        """Take a request back from workers that could not answer it; it is not charged."""
        self._sender.take_back(request, self._clock.monotonic())
        self._wake.set()

    async def run(self, workers: Workers) -> End:
        """Crawl until nothing is left, a limit is reached, or `stop` was called.

        Raises:
            BooksError: Rows are left that nothing leads to; our bug.
            StateError: The store failed; what was not committed is lost, and fetched again.
            OutputError: So did a sink.
            ConfigError: A start request is not valid.
            BaseExceptionGroup: Several of these at once.
        """
        self._workers = self._sender.workers = workers
        self._begun = self._clock.monotonic()  # worker processes took their time to start
        load_frontier(self._parts, self._begun)
        try:
            await self._crawl(workers)
        except BaseExceptionGroup as group:
            raise sole_error(group) from None
        return self._stop or End(reason="finished", finished=True)

    async def _crawl(self, workers: Workers) -> None:
        async with asyncio.TaskGroup() as group:
            working = group.create_task(workers.run())
            pulling = self._pulling = group.create_task(self._pull_starts())
            committing = group.create_task(self._commits.run())
            if self._transforms is not None:
                group.create_task(self._transforms.run())
            await self._dispatch(group)
            pulling.cancel()
            self._sender.cancel()
            workers.stop()
            await working
            over = self._stop is None or (self._stop.finished and not self._writer.full)
            await self._not_due.finish(stopped=not over or self._quitting)
            await self._finish_transforms()
            self._commits.close()
            await committing

    async def _finish_transforms(self) -> None:
        """Let items get through if the run is over; a stopped run leaves them in the outbox."""
        transforms = self._transforms
        if transforms is None:
            return
        if self._writer.full:
            transforms.drop_rest()
        while not self._quitting and (self._stop is None or self._stop.finished):
            self._wake.clear()
            if transforms.idle and self._commits.idle:
                break
            await self._wake.wait()
        transforms.close()

    async def _pull_starts(self) -> None:
        feed = self._parts.starts
        # Pages that are known from earlier runs leave starts their room.
        known = self._parts.store.books().pending if self._parts.opened.refresh else 0

        def room() -> bool:
            pending = self._parts.store.books().pending
            return pending < ENOUGH_PENDING + known and not (
                pending and self._sender.short_of_memory
            )

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

    # Dispatch

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        """Send out until the crawl is over."""
        self._group = group
        try:
            while True:
                self._wake.clear()
                self._send(self._clock.monotonic())
                if self._stop is not None or self._over():
                    return
                await self._wait(group)
        finally:
            self._group = None

    def _send(self, now: float) -> bool:
        """Send out what may go; return whether that is as much as may be out at once.

        Also called as an outcome comes in: answers that come in one turn of the loop are
        followed by requests one by one, not by all of them after the last. Requests that go out
        in a bunch are answered in a bunch, and the server waits for us in between.
        """
        self._check_limits(now)
        if self._stop is not None or self._group is None:
            return False
        self._sender.send_ready(self._group, now)
        self._refill.begin(self._group)
        return self.in_flight >= self._parts.limits.concurrency

    def _check_limits(self, now: float) -> None:
        limits = self._parts.limits
        if self._writer.full:
            self.stop(LIMIT_REACHED, finished=True)
        elif limits.max_runtime is not None and self._worked(now) >= limits.max_runtime:
            self.stop("max_runtime", finished=True)
        elif limits.max_pages is not None and self._parts.store.books().done >= limits.max_pages:
            self.stop("max_pages", finished=True)

    def _worked(self, now: float) -> float:
        return self._parts.tally.worked + now - self._begun

    def _crowded(self) -> bool:
        """More items wait for their transforms than should, or as many as are wanted."""
        transforms = self._transforms
        return transforms is not None and (transforms.crowded or self._writer.enough)

    def _over(self) -> bool:
        """Tell whether nothing is left to do."""
        starts = self._parts.starts
        if not (starts.exhausted and starts.empty and self._commits.idle):
            return False
        if not (self._refill.idle and self._frontier.idle):
            return False
        if self._transforms is not None and not self._transforms.idle:
            return False
        if self._group is not None and not self._not_due.settle_next(self._group):
            return False
        left = self._parts.store.books().pending
        if left:
            raise BooksError(f"{left} requests are pending that no queue leads to")
        return True

    async def _wait(self, group: asyncio.TaskGroup) -> None:
        """Wait for an outcome, or until something is ready."""
        now = self._clock.monotonic()
        seconds = self._seconds_to_next(now)
        self.bottleneck.begin(self._cause(), now)
        if seconds is None:
            await self._wake.wait()
        else:
            alarm = group.create_task(self._alarm(seconds))
            await self._wake.wait()
            alarm.cancel()
        self.bottleneck.end(self._clock.monotonic())

    async def _alarm(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._wake.set()

    def _seconds_to_next(self, now: float) -> float | None:
        """Return the seconds until something is to be done if nothing comes in; None for never."""
        times = [self.due_at(now)]
        if self._parts.limits.max_runtime is not None:
            times.append(now + self._parts.limits.max_runtime - self._worked(now))
        return min((max(0.0, at - now) for at in times if at is not None), default=None)

    def _cause(self) -> str:
        """Name what the dispatcher is about to wait for."""
        hindrance = self._sender.hindrance()
        if hindrance is not None:
            return hindrance
        if self._frontier.wake_at() is not None:
            return "politeness"
        if self.in_flight:
            return "network"
        if self._transforms is not None and not self._transforms.idle:
            return "cpu"
        # What is left are commits, or retries that wait for their time.
        return "politeness" if self._commits.idle else "output"

    def _more_ready(self) -> bool:
        """Tell whether another request could go out this instant."""
        if self.paused:
            return False
        at = self._frontier.wake_at()
        return at is not None and at <= self._clock.monotonic()

    def _busy(self, outcomes: Sequence[PageOutcome]) -> bool:
        """Tell whether a request will go out whenever one comes back, without these outcomes."""
        if self.paused:
            return False
        if self.in_flight >= self._parts.limits.concurrency:
            return True
        waits, now = self._frontier.waits_for_slot, self._clock.monotonic()
        return all(waits(outcome.request.host, now) for outcome in outcomes)

    # Outcomes

    async def _commit(self, outcomes: list[PageOutcome]) -> None:
        if self._parts.room is not None:
            await self._parts.room()
        transforms = self._transforms
        settled = transforms.take() if transforms is not None else []
        self._watch.count_cut(outcomes)
        committed, due = await self._writer.write(outcomes, settled)
        self._not_due.committed(outcomes)
        self._watch.note(outcomes, committed.added)
        now = self._clock.monotonic()
        if transforms is not None:
            transforms.add(committed.waiting)
            transforms.written(settled)
        for outcome in outcomes:
            self._sender.committed(outcome.request.id)
            self._parts.ended(outcome)
            if outcome.close_reason is not None:
                self.stop(outcome.close_reason, finished=True)
        # Not before: only now does the store give the row, and nobody has it as taken.
        self._refill.note_due(due)
        for request in committed.added:
            self._frontier.push(request, now)
        for request in committed.moved:
            self._frontier.move(request)
        self._parts.starts.drained()
        self._wake.set()
