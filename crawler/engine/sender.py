"""Sends out what is ready: which request may go now, and what is done with it instead.

Everything here is a plain function between two awaits of the dispatcher. Nothing sleeps: a request
that may not go now goes back into the frontier, whose heap says when to look again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crawler.engine.flights import Flights
from crawler.engine.group_commit import BATCH_PAGES, GroupCommit
from crawler.engine.host_health import given_up_words
from crawler.engine.lists_first import ListsFirst
from crawler.engine.parts import Parts
from crawler.engine.remembering import not_due
from crawler.engine.robots_errands import RobotsErrands
from crawler.engine.robots_gate import Verdict
from crawler.engine.suspects import Suspects
from crawler.engine.trap_watch import TrapWatch
from crawler.engine.turns import Turns
from crawler.interfaces import Workers
from crawler.messages import QueuedRequest
from crawler.outcome import ErrorClass, PageOutcome, SkipReason, State
from crawler.urls import host_key


class Sender:
    """The way from the frontier to the workers.

    Args:
        parts: Of the crawl.
        commits: Takes the outcomes of requests that end without being sent.
        watch: Knows which requests are of a trap.
        crowded: Says whether more items wait for their transforms than should.
        came: Called when an answer for robots.txt is there.

    Attributes:
        workers: Where requests go; set before the first one does.
        paused: Nothing is sent out.
        suspects: Pages that run with nothing beside them.
        flights: Pages on their way.
        asking: Requests for robots.txt on their way.
        turns: When hosts may be asked that other jobs ask too.
    """

    workers: Workers

    def __init__(
        self,
        parts: Parts,
        commits: GroupCommit,
        watch: TrapWatch,
        crowded: Callable[[], bool],
        came: Callable[[], None],
    ) -> None:
        self._parts = parts
        self._frontier = parts.frontier
        self._commits = commits
        self._watch = watch
        self._crowded = crowded
        self._lists = ListsFirst(parts, commits)
        self.turns = Turns(parts.clocks, parts.frontier)
        self.asking = RobotsErrands(parts, self.turns, came)
        self.flights = Flights()
        # Pages done, and pages on their way that may become so.
        self._pages = parts.store.books().done
        self.suspects = Suspects(parts.opened.suspects, parts.frontier)
        self._crashed: set[int] = set()
        self.paused = False

    @property
    def in_flight(self) -> int:
        """Requests out now, those for robots.txt included."""
        return self._frontier.in_flight + len(self.asking)

    @property
    def _uncommitted(self) -> int:
        """Outcomes that are gathered or being written."""
        return self._frontier.taken - self._frontier.in_flight - self.suspects.waiting

    @property
    def _behind(self) -> bool:
        """What came in is to be written first."""
        if self._parts.starts.holds or self._uncommitted >= BATCH_PAGES:
            return True
        return self._lists.holds

    @property
    def short_of_memory(self) -> bool:
        """There is no room for another request on its way."""
        memory = self._parts.memory
        most = None if memory is None else memory.most
        return most is not None and self.in_flight >= most

    def may_send(self) -> bool:
        """Tell whether anything at all may go out now."""
        limits = self._parts.limits
        # In this order, as it is asked twice for each page: most often there is no slot.
        if self.in_flight >= limits.concurrency or self.paused or self._behind:
            return False
        if self._crowded() or self.short_of_memory:
            return False
        return limits.max_pages is None or self._pages < limits.max_pages

    def hindrance(self) -> str | None:
        """Name what keeps everything from going out; None for nothing but the hosts' own times."""
        if self.paused:
            return "paused"
        if self._behind:
            return "output"
        if self.in_flight >= self._parts.limits.concurrency:
            return "network"
        if self.short_of_memory:
            return "memory"
        return "cpu" if self._crowded() else None

    def ready_at(self, now: float) -> float | None:
        """Return when something may go out if nothing comes in; None for never."""
        if not self.may_send() or (self.suspects and self.suspects.wants_quiet(now)):
            return None
        times = (self._frontier.wake_at(), self.suspects.ready_at(now))
        return min((at for at in times if at is not None), default=None)

    def send_ready(self, group: asyncio.TaskGroup, now: float) -> None:
        """Send out everything that may go now."""
        suspects = self.suspects
        if suspects and suspects.wants_quiet(now):
            if self.may_send() and not self.asking:
                request = suspects.next_alone(now)
                if request is not None:
                    self._consider(request, group, now)
            return
        while self.may_send():
            request = self._frontier.next_ready(now)
            if request is None:
                return
            if request.id in self._crashed:
                suspects.add(request)
                self.send_ready(group, now)
                return
            self._consider(request, group, now)

    def crashed(self, row: int) -> None:
        """Note that a callback was running when its worker process ended: it is to run alone."""
        self._crashed.add(row)

    def take_back(self, request: QueuedRequest, now: float) -> None:
        """Queue a request again that went out and was never answered, for no fault of its own."""
        self.sent_at(request)
        self.not_done()
        self._lists.back(request.id)
        self.turns.end(request.host, None, now)
        self._frontier.finish(request)
        self._put_back(request, now)

    def sent_at(self, request: QueuedRequest) -> float:
        """Return the monotonic second at which a request went out that is back; once only."""
        return self.flights.back(request.id)

    def not_done(self) -> None:
        """Note that a request that is back has not become a page."""
        self._pages -= 1

    def committed(self, row: int) -> None:
        """Note that the outcome of a request is in the store."""
        self._frontier.committed(row)
        self._lists.back(row)
        self.suspects.committed(row)

    def cancel(self) -> None:
        """Give up requests for robots.txt: their pages are not going to be sent."""
        self.asking.cancel()

    def _consider(self, request: QueuedRequest, group: asyncio.TaskGroup, now: float) -> None:
        """Send a taken request out, or do what its host, robots.txt or the trap guard says."""
        robots, health = self._parts.robots, self._parts.hosts.health(request.host)
        if health.given_up:
            why = given_up_words(health)
            self._end_unsent(request, State.DEAD, ErrorClass.UNAVAILABLE, why)
            return
        cut = self._watch.why_cut(request)
        if cut is not None:
            self._end_unsent(request, State.SKIPPED, SkipReason.TRAP, cut)
            return
        remembering = self._parts.remembering
        if remembering is not None and remembering.may_wait(request, self._parts.clock.wall()):
            self._commits.add(not_due(request))
            return
        verdict = robots.judge(request)
        if verdict is Verdict.GO:
            self._send(request, now)
        elif verdict is Verdict.FORBIDDEN:
            self._end_unsent(request, State.SKIPPED, SkipReason.ROBOTS, None)
        elif verdict is Verdict.UNREACHABLE or verdict is Verdict.REFUSED:
            state = State.DEAD if verdict is Verdict.UNREACHABLE else State.FAILED
            self._end_unsent(request, state, *robots.explain(request))
        else:
            self._put_back(request, now)
            if verdict is Verdict.LATER:
                self._frontier.pause(request.host, now + robots.again_in(request))
            else:
                self._ask_robots(request, group, now)

    def _send(self, request: QueuedRequest, now: float) -> None:
        """Send a request out, unless other jobs have the turn at its host."""
        at = self.turns.not_before(request.host, now)
        if at is not None:
            self._put_back(request, now)
            self._frontier.pause(request.host, at)
            return
        self._frontier.start(request, now)
        self.flights.out(request, now)
        self._pages += 1
        self._lists.sent(request)
        if self._parts.remembering is not None:
            self._parts.remembering.prepare(request)
        self.workers.submit(request)

    def _ask_robots(self, request: QueuedRequest, group: asyncio.TaskGroup, now: float) -> None:
        """Ask for robots.txt, in the turn of a page of the host that has it."""
        host = host_key(self._parts.robots.next_url(request))
        at = self.turns.not_before(host, now)
        if at is None:
            self.asking.begin(request, host, group)
        else:
            self._frontier.pause(request.host, at)

    def _put_back(self, request: QueuedRequest, now: float) -> None:
        if not self.suspects.put_back(request):
            self._frontier.put_back(request, now)

    def _end_unsent(
        self, request: QueuedRequest, state: State, reason: SkipReason | ErrorClass, why: str | None
    ) -> None:
        self._commits.add(
            PageOutcome(request=request, state=state, reason=reason, error=why, sent=False)
        )
