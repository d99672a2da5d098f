"""Asks robots.txt before a host is asked for anything else; one fetch per origin in flight.

Robots is asked after deduplication, for each request that is about to go out. While the file
cannot be reached nothing is fetched (RFC 9309 §2.3.1.4): it is asked for again, waiting longer each
time, and when the retries are spent the origin's requests are dead.

A redirect of robots.txt is followed one hop at a time, and between two hops the request waits in
the frontier like any other: so the host's delay holds here too, and nobody sleeps.
"""

from __future__ import annotations

import asyncio
import enum

import msgspec

from crawler.engine.host_book import HostBook
from crawler.errors import FetchError
from crawler.interfaces import Clock, Fetcher
from crawler.messages import FetchRequest, HttpResponse, QueuedRequest
from crawler.outcome import ErrorClass
from crawler.policy.retry import RetryPolicy, is_final
from crawler.policy.robots import MAX_BYTES, MAX_HOPS
from crawler.urls import join, origin

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Asked(msgspec.Struct, frozen=True):
    """What asking a server once for a robots.txt came to, beside its rules.

    Attributes:
        pause: Seconds that it asked to be left alone, mostly 0.
        asked_at: Monotonic second at which it was asked; None when that is not known.
    """

    pause: float
    asked_at: float | None


class Verdict(enum.Enum):
    """What a request may do."""

    GO = enum.auto()
    FORBIDDEN = enum.auto()
    UNREACHABLE = enum.auto()  # for good, as far as this run goes
    REFUSED = enum.auto()  # nothing of this origin can be had, and no other try would help
    UNKNOWN = enum.auto()  # fetch robots.txt first
    LATER = enum.auto()  # robots.txt is unreachable, and asked again later


class _Trail(msgspec.Struct, frozen=True):
    """Where the redirects of a robots.txt have led so far."""

    url: str
    hops: int = 0


class RobotsGate:
    """The rules of every origin, fetched when they are first needed.

    Args:
        fetcher: Fetches robots.txt like any page: same limits, same address checks.
        gate: The crawl's semaphore: a robots.txt is a request in flight too.
        hosts: Where answers are kept.
        retry: Says how often and when an unreachable file is asked for again.
        obey: False lets everything pass.
        clock: The time.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        gate: asyncio.Semaphore,
        hosts: HostBook,
        retry: RetryPolicy,
        clock: Clock,
        *,
        obey: bool,
    ) -> None:
        self._fetcher = fetcher
        self._gate = gate
        self._hosts = hosts
        self._retry = retry
        self._clock = clock
        self._obey = obey
        self._trails: dict[str, _Trail] = {}
        self._troubles: dict[str, tuple[ErrorClass, str]] = {}

    def judge(self, request: QueuedRequest) -> Verdict:
        """Say what a request may do now."""
        if not self._obey:
            return Verdict.GO
        wall = self._clock.wall()
        site = origin(request.url)
        rules = self._hosts.robots(request.host, site, wall)
        if rules is None:
            return Verdict.UNKNOWN
        if rules.reachable:
            return Verdict.GO if rules.allows(request.url) else Verdict.FORBIDDEN
        if is_final(self._trouble(site)[0]):
            return Verdict.REFUSED
        wait = self._wait(request.host, site)
        if wait is None:
            return Verdict.UNREACHABLE
        # An answer of the future is one of before the clock was set back.
        age = wall - self._hosts.robots_asked(request.host, site)
        return Verdict.LATER if 0.0 <= age < wait else Verdict.UNKNOWN

    def _wait(self, host: str, site: str) -> float | None:
        kind = self._trouble(site)[0]
        budget = kind if kind is ErrorClass.DNS else ErrorClass.ROBOTS_UNREACHABLE
        failures = self._hosts.robots_failures(host, site)
        decision = self._retry.decide(budget, failures, key=len(site))
        return None if decision is None else decision.wait

    def _trouble(self, site: str) -> tuple[ErrorClass, str]:
        return self._troubles.get(site, (ErrorClass.ROBOTS_UNREACHABLE, "no answer"))

    def again_in(self, request: QueuedRequest) -> float:
        """Return the seconds until an unreachable robots.txt is asked for again."""
        site = origin(request.url)
        asked = self._hosts.robots_asked(request.host, site)
        wait = self._wait(request.host, site) or 0.0
        return max(0.0, min(asked + wait - self._clock.wall(), wait))

    def explain(self, request: QueuedRequest) -> tuple[ErrorClass, str]:
        """Return why a request is UNREACHABLE or REFUSED: a class of error, and a sentence."""
        kind, what = self._trouble(origin(request.url))
        sentence = f"robots.txt could not be had ({what}), so nothing of its origin is fetched"
        return kind if is_final(kind) else ErrorClass.ROBOTS_UNREACHABLE, sentence

    def next_url(self, request: QueuedRequest) -> str:
        """Return what `fetch` will ask for: robots.txt, or where it was redirected to."""
        return self._trail(origin(request.url)).url

    def _trail(self, site: str) -> _Trail:
        return self._trails.get(site) or _Trail(f"{site}/robots.txt")

    async def fetch(self, request: QueuedRequest) -> Asked:
        """Ask once for the robots.txt that a request waits for."""
        site = origin(request.url)
        trail = self._trail(site)
        self._trails.pop(site, None)
        # Without the jar: its cookies are committed with pages, and this is none.
        ask = FetchRequest(
            url=trail.url, any_type=True, max_body=MAX_BYTES, cut=True, use_jar=False
        )
        try:
            async with self._gate:
                answer = await self._fetcher.fetch(ask)
        except FetchError as error:
            self._keep(request, None, b"", trouble=(ErrorClass(error.kind), str(error)))
            return Asked(error.retry_after or 0.0, None)
        if self._follow(site, trail, answer):
            return Asked(0.0, answer.asked_at)
        trouble = (ErrorClass.ROBOTS_UNREACHABLE, f"HTTP {answer.status}")
        reachable = self._keep(request, answer.status, answer.body, trouble=trouble)
        return Asked(0.0 if reachable else answer.retry_after or 0.0, answer.asked_at)

    def _follow(self, site: str, trail: _Trail, answer: HttpResponse) -> bool:
        """Note where a redirect leads; False if it is none, or leads nowhere, or was one too many.

        RFC 9309 §2.3.1.2: the rules hold for the origin that was asked first.
        """
        if answer.status not in _REDIRECTS or trail.hops >= MAX_HOPS:
            return False
        url = join(trail.url, answer.headers.text("location"))
        if url is None:
            return False
        self._trails[site] = _Trail(url, trail.hops + 1)
        return True

    def _keep(
        self, request: QueuedRequest, status: int | None, body: bytes,
        *, trouble: tuple[ErrorClass, str],
    ) -> bool:  # fmt: skip
        site = origin(request.url)
        rules = self._hosts.put_robots(request.host, site, status, body, self._clock.wall())
        if rules.reachable:
            self._troubles.pop(site, None)
        else:
            self._troubles[site] = trouble
        return rules.reachable
