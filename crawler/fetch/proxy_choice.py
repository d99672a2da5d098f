"""Which proxy a request goes through: chosen anew for each hop, once its URL is final.

Credentials belong to the proxy and go to it alone: no request carries them from one hop to the
next, and a field of that name that a spider sets is not sent.
"""

from __future__ import annotations

import itertools
import threading
import zlib
from collections.abc import Callable
from typing import Literal

import msgspec

from crawler.outcome import ErrorClass
from crawler.policy.access import Proxy
from crawler.policy.politeness import LimitRule
from crawler.urls import host_key

#: Seconds for which a proxy that did not work is passed over while there are others.
REST = 30.0
#: Hosts whose proxy refused them, and which have moved on to another; beyond it all move back.
MAX_MOVED = 4_096

_UNAUTHORIZED = 407


class ProxyRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go through which proxies.

    Attributes:
        http: Proxies for http URLs.
        https: Proxies for https URLs.
        rotate: "host" keeps each host on one proxy, "request" takes the next one each time.
        match: Patterns of the hosts that go through a proxy; none means all.
        direct: Patterns of hosts that do not; they win.
    """

    http: tuple[Proxy, ...] = ()
    https: tuple[Proxy, ...] = ()
    rotate: Literal["host", "request"] = "host"
    match: tuple[str, ...] = ()
    direct: tuple[str, ...] = ()


class ProxyFailed(Exception):
    """There is no way through a proxy.

    Args:
        said: What happened, without credentials.
        kind: PROXY, or CONNECT where it is the target that the proxy cannot reach.
        is_broken: The proxy does not work for any target.
    """

    def __init__(
        self, said: str, kind: ErrorClass = ErrorClass.PROXY, *, is_broken: bool = False
    ) -> None:
        super().__init__(said)
        self.kind = kind
        self.is_broken = is_broken


def tunnel_refused(proxy: Proxy, target: str, status: int) -> ProxyFailed:
    """Return what an answer to CONNECT means that is not 200.

    Args:
        proxy: Who answered.
        target: Host and port that were to be reached.
        status: The answer's status.
    """
    if status == _UNAUTHORIZED:
        return unauthorized(proxy, is_broken=True)
    if status >= 500:  # it could not reach the target, which says nothing of other targets
        said = f"the proxy {proxy.name} cannot reach {target} (HTTP {status})"
        return ProxyFailed(said, ErrorClass.CONNECT)
    return ProxyFailed(f"the proxy {proxy.name} refuses to connect to {target} (HTTP {status})")


def unreachable(name: str, why: str) -> ProxyFailed:
    """Return the failure of a proxy to which there is no connection."""
    return ProxyFailed(f"cannot connect to the proxy {name}: {why}", is_broken=True)


def unauthorized(proxy: Proxy, *, is_broken: bool = False) -> ProxyFailed:
    """Return the failure of a proxy that wants other credentials, or some."""
    why = "wants a user and password" if proxy.authorization is None else "refuses the credentials"
    said = f"the proxy {proxy.name} {why} (HTTP {_UNAUTHORIZED}); see fetch.proxies.urls"
    return ProxyFailed(said, is_broken=is_broken)


class ProxyChoice:
    """Picks proxies; may be used by many threads.

    Args:
        rules: What may be picked.
        now: Returns monotonic seconds.
    """

    def __init__(self, rules: ProxyRules, now: Callable[[], float]) -> None:
        self._rules = rules
        self._now = now
        self._match = tuple(LimitRule(match=one) for one in rules.match)
        self._direct = tuple(LimitRule(match=one) for one in rules.direct)
        self._next = itertools.count()
        self._lock = threading.Lock()  # guards the two below against each other's writers
        self._resting: dict[Proxy, float] = {}
        self._moved: dict[str, int] = {}

    @property
    def has_any(self) -> bool:
        """There are proxies."""
        return bool(self._rules.http or self._rules.https)

    def choose(self, url: str) -> Proxy | None:
        """Return the proxy for a serialised URL; None for none."""
        proxies = self._rules.https if url[4] == "s" else self._rules.http
        host = host_key(url)
        if not proxies or not self._is_meant(host):
            return None
        if self._rules.rotate == "request":
            first = next(self._next)
        else:
            # The same in every process and after every restart, as sites tie sessions to addresses.
            first = zlib.crc32(host.encode()) + self._moved.get(host, 0)
        count = len(proxies)
        if self._resting:
            now = self._now()
            for number in range(first, first + count):
                if self._resting.get(proxies[number % count], 0.0) <= now:
                    return proxies[number % count]
        return proxies[first % count]

    def failed(self, proxy: Proxy, url: str, error: ProxyFailed) -> None:
        """Take note of a failure, so that the next try goes through another one."""
        if error.kind is not ErrorClass.PROXY:
            return
        with self._lock:
            if error.is_broken:
                self._resting[proxy] = self._now() + REST
                return
            if len(self._moved) >= MAX_MOVED:
                self._moved.clear()
            host = host_key(url)
            self._moved[host] = self._moved.get(host, 0) + 1

    def worked(self, proxy: Proxy) -> None:
        """Take note that a proxy works."""
        if self._resting:
            self._resting.pop(proxy, None)

    def _is_meant(self, host: str) -> bool:
        if any(rule.matches(host) for rule in self._direct):
            return False
        return not self._match or any(rule.matches(host) for rule in self._match)
