"""Files that items name, fetched as politely as pages: robots.txt, the host's delay, its pauses."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from crawler.engine.host_book import HostBook
from crawler.engine.robots_gate import RobotsGate, Verdict
from crawler.errors import FetchError, FileFault
from crawler.frontier.frontier import Frontier
from crawler.interfaces import Clock, Fetcher
from crawler.messages import FetchRequest, HttpResponse, QueuedRequest
from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.urls import host_key

#: Hosts without a file on its way whose turns are remembered.
_MOST_HOSTS = 10_000


class FileErrands:
    """Fetches files when their hosts may be asked.

    Args:
        fetcher: Fetches.
        gate: The crawl's semaphore: a file is a request in flight like any other.
        hosts: What is known of each host.
        robots: The rules of each origin.
        frontier: Sends pages; hosts are to rest after a file as after a page.
        clock: The time.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        gate: asyncio.Semaphore,
        hosts: HostBook,
        robots: RobotsGate,
        frontier: Frontier,
        clock: Clock,
    ) -> None:
        self._fetcher = fetcher
        self._gate = gate
        self._hosts = hosts
        self._robots = robots
        self._frontier = frontier
        self._clock = clock
        self._turns: OrderedDict[str, asyncio.Lock] = OrderedDict()

    async def fetch(self, wish: FetchRequest) -> HttpResponse:
        """Fetch a file, after all that its host asks for.

        Raises:
            FetchError: No answer, or none that can be had.
            FileFault: robots.txt forbids it ("robots").
        """
        name = host_key(wish.url)
        request = QueuedRequest(id=0, key=0, url=wish.url, host=name)
        await self._ask_robots(request)
        # One at a time for each host, beside its pages: those have their turns in the frontier.
        async with self._turn(name):
            await self._wait(name)
            async with self._gate:
                return await self._send(request, wish)

    async def rest(self, seconds: float) -> None:
        """Wait before another try; nobody's turn is held meanwhile."""
        await self._clock.sleep(seconds)

    def _turn(self, name: str) -> asyncio.Lock:
        turn = self._turns.setdefault(name, asyncio.Lock())
        self._turns.move_to_end(name)
        while len(self._turns) > _MOST_HOSTS:
            oldest = next(iter(self._turns))
            if self._turns[oldest].locked():
                break
            del self._turns[oldest]
        return turn

    async def _ask_robots(self, request: QueuedRequest) -> None:
        while True:
            verdict = self._robots.judge(request)
            if verdict is Verdict.GO:
                return
            if verdict is Verdict.FORBIDDEN:
                raise FileFault("robots", "robots.txt forbids it")
            if verdict is not Verdict.UNKNOWN:
                kind, why = ErrorClass.ROBOTS_UNREACHABLE, "robots.txt cannot be had"
                if verdict is not Verdict.LATER:
                    kind, why = self._robots.explain(request)
                raise FetchError(kind, why, url=request.url)
            async with self._turn(request.host):
                if self._robots.judge(request) is Verdict.UNKNOWN:
                    await self._wait(request.host)
                    asked = await self._robots.fetch(request)
                    self._rest(request.host, asked.pause)

    async def _wait(self, name: str) -> None:
        """Wait until the host may be asked."""
        queue = self._frontier.host(name, self._clock.monotonic())
        while (left := queue.ready_at - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)

    def _rest(self, name: str, pause: float = 0.0) -> None:
        rest = max(self._hosts.delay(name), pause)
        self._frontier.pause(name, self._clock.monotonic() + rest)

    async def _send(self, request: QueuedRequest, wish: FetchRequest) -> HttpResponse:
        began = self._clock.monotonic()
        try:
            answer = await self._fetcher.fetch(wish)
        except FetchError as error:
            self._learn(request, State.PENDING, error.kind, None, error.retry_after, began)
            raise
        busy = answer.status in (429, 503)
        self._learn(
            request, State.PENDING if busy else State.DONE,
            ErrorClass.RATE_LIMITED if busy else None, answer.status,
            answer.retry_after if busy else None, began,
        )  # fmt: skip
        return answer

    def _learn(
        self, request: QueuedRequest, state: State, reason: str | None, status: int | None,
        retry_after: float | None, began: float,
    ) -> None:  # fmt: skip
        """Let the host's pace know how it went."""
        now, wall = self._clock.monotonic(), self._clock.wall()
        outcome = PageOutcome(
            request=request, state=state, reason=reason, status=status, retry_after=retry_after,
            elapsed=now - began,
        )  # fmt: skip
        pause = self._hosts.observe(outcome, sent=began, now=now, wall=wall)
        self._rest(request.host, pause)
