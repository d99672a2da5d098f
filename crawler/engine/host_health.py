"""Applies the circuit breaker to a crawl: what one request's end means for its whole host."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from crawler.engine.host_book import HostBook
from crawler.engine.tally import Tally
from crawler.frontier.frontier import Frontier
from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.policy.breaker import BreakerPolicy, Health, Sign, sign_of
from crawler.policy.retry import is_final

_REFUSALS = frozenset((401, 403))
#: Refusals in a row after which they are told of.
MANY_REFUSALS = 20
#: Hosts that are named at the end of a run.
_NAMED = 100


class HostHealth:
    """Watches over the hosts of a crawl.

    Args:
        hosts: Where it is remembered.
        frontier: Which hosts may be asked.
        policy: Decides.
        tally: Gets the hosts that are given up, and those that refuse everything.
    """

    def __init__(
        self, hosts: HostBook, frontier: Frontier, policy: BreakerPolicy, tally: Tally
    ) -> None:
        self._hosts = hosts
        self._frontier = frontier
        self._policy = policy
        self._tally = tally
        # When the breaker of a host opened, monotonic: what was sent before is no probe.
        self._opened: dict[str, float] = {}

    def observe(self, outcome: PageOutcome, *, sent: float, now: float, wall: float) -> None:
        """Learn from a request that went out; its outcome is settled but for the breaker.

        A page that failed while its host does not work goes back to its queue, uncharged.

        Args:
            outcome: How it ended.
            sent: Monotonic second at which it went out.
            now: Monotonic second now.
            wall: Wall-clock second now.
        """
        if not outcome.sent:
            return
        name = outcome.request.host
        health = self._hosts.health(name)
        # Of a page that is done nothing needs to be asked.
        done = outcome.state == State.DONE
        sign = Sign.GOOD if done else sign_of(outcome.reason, outcome.status)
        if not done or self._hosts.refusals(name):
            self._count_refusal(name, outcome.status, sign)
        if sign is Sign.GOOD:
            if health.failures or not health.worked_from:
                self._hosts.set_health(name, Health(worked_from=health.worked_from or wall))
            if health.failures:
                self._close(name, health, now)
        elif sign is not Sign.NOTHING:
            probe = health.open and sent > self._opened.get(name, -math.inf)
            after = self._policy.after_bad(
                health, sign, outcome.reason or "", outcome.error or "", now=wall, probe=probe
            )
            if after is not health:
                self._hosts.set_health(name, after)
                self._act(name, health, after, now, wall)
            if after.open:
                _put_back(outcome)

    def _close(self, name: str, health: Health, now: float) -> None:
        self._opened.pop(name, None)
        self._tally.given_up.pop(name, None)
        if health.open:
            self._frontier.widen(name, now + self._hosts.delay(name))

    def _act(self, name: str, before: Health, after: Health, now: float, wall: float) -> None:
        if after.given_up:
            # Nothing is sent any more, so that nobody is to be waited for.
            self._frontier.widen(name, now)
            if len(self._tally.given_up) < _NAMED:
                self._tally.given_up[name] = given_up_words(after)
        elif after.open:
            if not before.open:
                self._opened[name] = now
            self._frontier.narrow(name, now + max(0.0, after.probe_at - wall))

    def _count_refusal(self, name: str, status: int | None, sign: Sign) -> None:
        count = self._hosts.refusals(name)
        if status in _REFUSALS:
            self._hosts.set_refusals(name, count + 1)
            if count + 1 >= MANY_REFUSALS and (
                name in self._tally.refusing or len(self._tally.refusing) < _NAMED
            ):
                self._tally.refusing[name] = f"{status} to the last {count + 1:,} requests"
        elif count and sign is Sign.GOOD:
            self._hosts.set_refusals(name, 0)
            self._tally.refusing.pop(name, None)


def given_up_words(health: Health) -> str:
    """Return in one line when and why a host was given up."""
    since = datetime.fromtimestamp(health.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    last = f"; the last: {health.error}" if health.error else ""
    return (
        f"the host did not work: {health.failures} failures in a row since {since},"
        f" {health.probes} of them probes{last}"
    )


def _put_back(outcome: PageOutcome) -> None:
    """Let a page wait for its host, unless no other try could help or its errback was called."""
    if is_final(ErrorClass(outcome.reason or ErrorClass.PROTOCOL)):
        return
    if outcome.items or outcome.requests or outcome.links:
        return
    outcome.state, outcome.retry_after, outcome.charged = State.PENDING, 0.0, False
