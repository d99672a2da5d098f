"""What is known of each host: its limits, its pace, its robots.txt. Kept in the store.

The policies decide; this remembers. Times that are stored are wall-clock, those that steer the
frontier are monotonic.
"""

from __future__ import annotations

import msgspec

from crawler.damage import UNREADABLE
from crawler.engine.robots_memory import ReadRules, packed, unpacked
from crawler.errors import StateError
from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.policy.autothrottle import FRESH, AutothrottlePolicy, HostPace
from crawler.policy.breaker import HEALTHY, Health
from crawler.policy.lastmod import dates_prove_right
from crawler.policy.politeness import HostLimits, PolitenessPolicy, delay_between
from crawler.policy.robots import RobotsRules

_PUSH_BACK = frozenset((ErrorClass.RATE_LIMITED, ErrorClass.TIMEOUT))
_UNAVAILABLE = 503


class RobotsRecord(msgspec.Struct, gc=False):
    """The last answer to a request for an origin's robots.txt.

    Attributes:
        status: None when there was no answer.
        body: As it came; in memory it is packed.
        fetched: Wall-clock second.
        failures: Fetches in a row that found it unreachable.
        crawl_delay: What it asks for, so that a resumed crawl knows before it parses the body.
    """

    status: int | None
    body: bytes
    fetched: float
    failures: int = 0
    crawl_delay: float | None = None


class HostRecord(msgspec.Struct):
    """What is stored of a host.

    Attributes:
        paused_until: Wall-clock second until which it is left alone.
        pause: For how long, from when that was noted: if the clock was set back since, it is no
            longer than this. None where an earlier version noted it.
        refusals: Answers 401 or 403 in a row.
        wrong_304: Its 304s proved wrong: it is asked no condition.
        dated: Visits to pages of which a list said when they changed; `rightly` so.
    """

    pace: HostPace = FRESH
    paused_until: float = 0.0
    pause: float | None = None
    robots: dict[str, RobotsRecord] = msgspec.field(default_factory=dict)
    health: Health = HEALTHY
    refusals: int = 0
    wrong_304: bool = False
    dated: int = 0
    rightly: int = 0


class _Host(msgspec.Struct):
    limits: HostLimits
    record: HostRecord
    stored_delay: float = 0.0


_decoder = msgspec.msgpack.Decoder(HostRecord)
_encoder = msgspec.msgpack.Encoder()


class HostBook:
    """Every host of a crawl.

    Args:
        politeness: The configured limits.
        throttle: How answers set the pace.
        user_agent: Ours, for robots.txt.
        obey_crawl_delay: False when robots.txt is ignored.
        max_pause: Seconds at most that a host is left alone because it asked for that, whether by
            a Retry-After of years or because a wall clock was set back.
    """

    def __init__(
        self,
        politeness: PolitenessPolicy,
        throttle: AutothrottlePolicy,
        *,
        user_agent: str,
        obey_crawl_delay: bool,
        max_pause: float = 3600.0,
    ) -> None:
        self._politeness = politeness
        self._throttle = throttle
        self._user_agent = user_agent
        self._obey_crawl_delay = obey_crawl_delay
        self._max_pause = max_pause
        self._hosts: dict[str, _Host] = {}
        self._changed: set[str] = set()
        self._rules = ReadRules(user_agent)

    def load(self, stored: dict[str, bytes]) -> None:
        """Take in what earlier processes learnt.

        Raises:
            StateError: It is damaged.
        """
        for name, blob in stored.items():
            try:
                record = _decoder.decode(blob)
            except UNREADABLE as error:
                raise StateError(f"what is kept of {name} cannot be read: {error}") from error
            # Monotonic times mean nothing to another process.
            record.pace = HostPace(record.pace.delay, record.pace.latency)
            for one in record.robots.values():
                one.body = packed(one.body)
            self._hosts[name] = _Host(
                self._politeness.for_host(name), record, stored_delay=record.pace.delay
            )

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(self._politeness.for_host(name), HostRecord())
        return host

    def rule(self, name: str) -> tuple[int, float]:
        """Return (requests in flight, seconds between two starts) of a host."""
        host = self._host(name)
        return 1 if host.record.health.open else host.limits.concurrency, self.delay(name)

    def delay(self, name: str) -> float:
        """Return the seconds between two starts that hold now."""
        host = self._host(name)
        adaptive = host.record.pace.delay if host.limits.adaptive else 0.0
        return delay_between(host.limits.delay, self._crawl_delay(host), adaptive)

    def _crawl_delay(self, host: _Host) -> float | None:
        if not self._obey_crawl_delay:
            return None
        asked = [one.crawl_delay for one in host.record.robots.values() if one.crawl_delay]
        return max(asked, default=None)

    def paused_for(self, name: str, wall: float) -> float:
        """Return the seconds for which a host is still to be left alone, 0 for none."""
        record = self._host(name).record
        left = min(record.health.probe_at - wall, record.health.pause)
        return max(0.0, min(left, self._max_pause), self._left(record, wall))

    def _left(self, record: HostRecord, wall: float) -> float:
        """Return what is left of the pause that a host asked for; negative when it is over."""
        longest = self._max_pause if record.pause is None else record.pause
        return min(record.paused_until - wall, longest)

    def leave_alone(self, name: str, seconds: float, wall: float) -> float:
        """Note that a host asked for a pause; returns the pause it gets."""
        pause = min(seconds, self._max_pause)
        record = self._host(name).record
        left = self._left(record, wall)
        if pause >= left:
            record.pause = pause
        record.paused_until = wall + max(left, pause)
        self._changed.add(name)
        return pause

    def observe(self, outcome: PageOutcome, *, sent: float, now: float, wall: float) -> float:
        """Learn from an answer; return the seconds to leave the host alone, mostly 0.

        Args:
            outcome: The answer, or what went wrong; `retry_after` is what the server said.
            sent: Monotonic second at which the request went out.
            now: Monotonic second now.
            wall: Wall-clock second now.
        """
        name = outcome.request.host
        host = self._host(name)
        pause = self._adapt(host, outcome, sent, now) if host.limits.adaptive else 0.0
        if abs(host.record.pace.delay - host.stored_delay) > 0.1 * host.stored_delay:
            host.stored_delay = host.record.pace.delay
            self._changed.add(name)
        if outcome.retry_after:
            pause = max(pause, self.leave_alone(name, outcome.retry_after, wall))
        return pause

    def _adapt(self, host: _Host, outcome: PageOutcome, sent: float, now: float) -> float:
        """Set the pace; a host that pushes back is first left alone for its new delay."""
        record, configured = host.record, host.limits.delay
        if outcome.state != State.PENDING:
            if outcome.status is not None:
                record.pace = self._throttle.after_good(record.pace, configured, outcome.elapsed)
        elif outcome.reason in _PUSH_BACK or outcome.status == _UNAVAILABLE:
            before = record.pace
            record.pace = self._throttle.after_push_back(before, configured, sent=sent, now=now)
            return record.pace.delay if record.pace is not before else 0.0
        return 0.0

    # Whether it works

    def health(self, name: str) -> Health:
        """Return what is known of whether a host works."""
        return self._host(name).record.health

    def set_health(self, name: str, health: Health) -> None:
        """Keep what is known of whether a host works."""
        self._host(name).record.health = health
        self._changed.add(name)

    def refusals(self, name: str) -> int:
        """Return how many answers in a row were 401 or 403."""
        return self._host(name).record.refusals

    def set_refusals(self, name: str, count: int) -> None:
        """Keep how many answers in a row were 401 or 403; stored every tenth time."""
        record = self._host(name).record
        if count % 10 == 0:
            self._changed.add(name)
        record.refusals = count

    # robots.txt

    def trusts_304(self, name: str) -> bool:
        """Tell whether a host may be asked whether a page changed."""
        host = self._hosts.get(name)
        return host is None or not host.record.wrong_304

    def distrust_304(self, name: str) -> None:
        """Note that the 304s of a host proved wrong."""
        self._host(name).record.wrong_304 = True
        self._changed.add(name)

    def note_date(self, name: str, *, right: bool) -> None:
        """Note whether a list was right about whether a page of a host had changed."""
        record = self._host(name).record
        record.dated += 1
        record.rightly += right
        self._changed.add(name)

    def dates_prove_right(self, name: str) -> bool:
        """Tell whether what lists say of pages of a host is to be trusted."""
        host = self._hosts.get(name)
        return host is not None and dates_prove_right(host.record.dated, host.record.rightly)

    def robots(self, name: str, origin: str, wall: float) -> RobotsRules | None:
        """Return the rules of an origin, None if they are not known or too old."""
        host = self._host(name)
        record = host.record.robots.get(origin)
        if record is None:
            return None
        rules = self._rules.get(origin)
        if rules is None:
            rules = self._rules.read(origin, record.status, unpacked(record.body))
        # A fetch in the future was one before the clock was set back: nobody knows its age.
        age = abs(wall - record.fetched)
        # Where the delay is longer than a day, an answer must last until the page's turn.
        if rules.reachable and age > rules.lifetime and age > 2 * self.delay(name):
            return None
        return rules

    def robots_failures(self, name: str, origin: str) -> int:
        """Return how often in a row robots.txt was found unreachable."""
        record = self._host(name).record.robots.get(origin)
        return record.failures if record is not None else 0

    def robots_asked(self, name: str, origin: str) -> float:
        """Return the wall-clock second of the last answer."""
        return self._host(name).record.robots[origin].fetched

    def robots_status(self, name: str, origin: str) -> int | None:
        """Return the status of the last answer, None when there was none."""
        return self._host(name).record.robots[origin].status

    def put_robots(
        self, name: str, origin: str, status: int | None, body: bytes, wall: float
    ) -> RobotsRules:
        """Keep an answer to a request for robots.txt."""
        rules = self._rules.read(origin, status, body)
        failures = 0 if rules.reachable else self.robots_failures(name, origin) + 1
        host = self._host(name)
        host.record.robots[origin] = RobotsRecord(
            status, packed(body), wall, failures, rules.crawl_delay
        )
        self._changed.add(name)
        return rules

    def forget_failures(self) -> None:
        """Let a new run ask again where nothing could be had, be it robots.txt alone."""
        for name, host in self._hosts.items():
            if host.record.health != HEALTHY or host.record.refusals:
                host.record.health, host.record.refusals = HEALTHY, 0
                self._changed.add(name)
            unreachable = [o for o, record in host.record.robots.items() if record.failures]
            for origin in unreachable:
                del host.record.robots[origin]
                self._changed.add(name)

    def changed(self) -> dict[str, bytes]:
        """Return what is to be stored since the last call."""
        names, self._changed = self._changed, set()
        return {name: _encoder.encode(_whole(self._hosts[name].record)) for name in names}


def _whole(record: HostRecord) -> HostRecord:
    """Return a record as it is stored: what is packed in memory is not."""
    if not record.robots:
        return record
    robots = {
        origin: msgspec.structs.replace(one, body=unpacked(one.body))
        for origin, one in record.robots.items()
    }
    return msgspec.structs.replace(record, robots=robots)
