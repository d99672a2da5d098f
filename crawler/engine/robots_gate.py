"""Asks robots.txt before a host is asked for anything else; one fetch per origin in flight.

Robots is asked after deduplication, for each request that is about to go out. While the file
cannot be reached nothing is fetched (RFC 9309 §2.3.1.4): it is asked for again, waiting longer each
time, and when the retries are spent the origin's requests are dead.
"""

from __future__ import annotations

import asyncio
import enum

from crawler.engine.host_book import HostBook
from crawler.errors import FetchError
from crawler.interfaces import Clock, Fetcher
from crawler.messages import FetchRequest, QueuedRequest
from crawler.outcome import ErrorClass
from crawler.policy.retry import RetryPolicy
from crawler.policy.robots import MAX_BYTES, MAX_HOPS
from crawler.urls import join, origin

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Verdict(enum.Enum):
    """What a request may do."""

    GO = enum.auto()
    FORBIDDEN = enum.auto()
    UNREACHABLE = enum.auto()  # for good, as far as this run goes
    UNKNOWN = enum.auto()  # fetch robots.txt first
    LATER = enum.auto()  # robots.txt is unreachable, and asked again later


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
        wait = self._wait(request.host, site)
        if wait is None:
            return Verdict.UNREACHABLE
        asked = self._hosts.robots_asked(request.host, site)
        return Verdict.LATER if wall < asked + wait else Verdict.UNKNOWN

    def _wait(self, host: str, site: str) -> float | None:
        failures = self._hosts.robots_failures(host, site)
        decision = self._retry.decide(ErrorClass.ROBOTS_UNREACHABLE, failures, key=len(site))
        return None if decision is None else decision.wait

    def again_in(self, request: QueuedRequest) -> float:
        """Return the seconds until an unreachable robots.txt is asked for again."""
        site = origin(request.url)
        asked = self._hosts.robots_asked(request.host, site)
        wait = self._wait(request.host, site) or 0.0
        return max(0.0, asked + wait - self._clock.wall())

    async def fetch(self, request: QueuedRequest) -> None:
        """Fetch the robots.txt that a request waits for."""
        site = origin(request.url)
        url: str | None = f"{site}/robots.txt"
        status: int | None = None
        body = b""
        for _ in range(MAX_HOPS + 1):
            if url is None:
                break
            try:
                async with self._gate:
                    ask = FetchRequest(url=url, any_type=True, max_body=MAX_BYTES, cut=True)
                    answer = await self._fetcher.fetch(ask)
            except FetchError:
                status, body = None, b""
                break
            status, body = answer.status, answer.body
            if status not in _REDIRECTS:
                break
            # RFC 9309 §2.3.1.2: the rules hold for the origin that was asked first.
            url = join(url, answer.headers.text("location"))
        self._hosts.put_robots(request.host, site, status, body, self._clock.wall())
