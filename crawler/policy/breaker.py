"""When a host is left alone because it does not work, when it is tried again, when given up.

A page that cannot be had says little of its host; many in a row, with nothing good between, say
that the host is down. From then on it gets one request at a time (a probe), after pauses that grow.
A page that fails meanwhile is not charged: a host that is down costs its pages no tries, and the
waits of the pages and those of the host do not add up. The first good answer ends all of it. When
the probes are spent the host is given up for this run; but one that had worked for long, and is
most likely to do so again, is waited for longer.
"""

from __future__ import annotations

import enum

import msgspec

from crawler.outcome import ErrorClass

#: No word from a server that could serve the page: five in a row open the breaker.
_HARD = 4
#: An answer that says the server is in trouble, but may be about this page: twenty in a row.
_SOFT = 1
_LIMIT = 20

_NO_ANSWER = frozenset((ErrorClass.DNS, ErrorClass.CONNECT, ErrorClass.TIMEOUT, ErrorClass.TLS))
_BROKEN_ANSWER = frozenset((ErrorClass.PROTOCOL, ErrorClass.TRUNCATED, ErrorClass.SERVER))
#: Bad gateway, service unavailable, gateway timeout: said of what stands behind all pages.
_DOWN = frozenset((502, 503, 504))
#: What says nothing of whether the host works: too many requests are a matter of pace.
_SILENT = frozenset((ErrorClass.REUSE, ErrorClass.ADDRESS, ErrorClass.CRASH))
_TOO_MANY = 429

#: A name that does not resolve, or a certificate that is wrong, seldom gets right within minutes.
_LASTING = frozenset((ErrorClass.DNS, ErrorClass.TLS))
_LASTING_PROBES = 2


class Sign(enum.Enum):
    """What the end of one request says of its host."""

    GOOD = enum.auto()
    NOTHING = enum.auto()
    HARD = enum.auto()
    SOFT = enum.auto()


def sign_of(reason: str | None, status: int | None) -> Sign:
    """Return what an outcome says of its host.

    Args:
        reason: An error class, or whatever else the outcome has.
        status: The HTTP status, None without an answer.
    """
    if status in _DOWN or reason in _NO_ANSWER:
        return Sign.HARD
    if reason in _BROKEN_ANSWER:
        return Sign.SOFT
    if status is None or status == _TOO_MANY or reason in _SILENT:
        return Sign.NOTHING
    return Sign.GOOD


class Health(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is known of whether a host works; kept per host and stored. Times are wall-clock.

    Attributes:
        weight: Failures in a row, the hard ones counted four times.
        failures: The same, each counted once.
        since: When the first of them ended.
        kind: Error class of the last.
        error: The last one, in words.
        probes: Probes that failed since the breaker opened.
        open: Only probes go out.
        probe_at: When the next one may.
        given_up: Not even those: the host gets nothing more in this run.
        worked_from: When it gave its first good answer in this run; 0 for never.
        pause: Seconds that were to pass before `probe_at` when that was noted.
    """

    weight: int = 0
    failures: int = 0
    since: float = 0.0
    kind: str = ""
    error: str = ""
    probes: int = 0
    open: bool = False
    probe_at: float = 0.0
    given_up: bool = False
    worked_from: float = 0.0
    pause: float = 0.0


#: Of a host nothing bad is known of.
HEALTHY = Health()

#: Characters of an error that are kept; it may quote a server.
_ERROR = 300


class BreakerPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Opens, probes, closes, gives up.

    Attributes:
        probes: Probes in vain until a host is given up; 2 at most for a name that does not
            resolve and for TLS.
        pauses: Seconds before the first, second... probe; the last one repeats.
        patience: Seconds at most for which a host that worked before is probed. It is half of
            those for which it worked: a restart in the night does not end a crawl of hours.
    """

    probes: int = 4
    pauses: tuple[float, ...] = (1.0, 4.0, 16.0, 64.0)
    patience: float = 1_800.0

    def after_bad(
        self, health: Health, sign: Sign, kind: str, error: str, *, now: float, probe: bool
    ) -> Health:
        """Return what is known after a request that failed by the host's fault.

        Args:
            health: What was known.
            sign: HARD or SOFT.
            kind: Its error class.
            error: It in words.
            now: Wall-clock second.
            probe: It was sent after the breaker opened.
        """
        if health.given_up or (health.open and not probe):
            return health
        weight = health.weight + (_HARD if sign is Sign.HARD else _SOFT)
        probes = health.probes + probe
        opened = health.open or weight >= _LIMIT
        since = health.since if health.failures else now
        worked = since - health.worked_from if health.worked_from else 0.0
        # Wherever a wall clock jumps, a host is not waited for without end.
        waited = abs(now - since) >= min(self.patience, worked / 2)
        given_up = waited and probes >= self._budget(kind)
        pause = self._pause(probes) if opened and not given_up else 0.0
        return Health(
            weight=min(weight, _LIMIT), failures=health.failures + 1,
            since=since, kind=kind, error=error[:_ERROR],
            probes=probes, open=opened, given_up=given_up, worked_from=health.worked_from,
            probe_at=now + pause if pause else 0.0, pause=pause,
        )  # fmt: skip

    def _budget(self, kind: str) -> int:
        return min(self.probes, _LASTING_PROBES) if kind in _LASTING else self.probes

    def _pause(self, probes: int) -> float:
        return self.pauses[min(probes, len(self.pauses) - 1)] if self.pauses else 0.0
