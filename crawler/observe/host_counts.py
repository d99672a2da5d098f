"""How the requests of each host ended, and which pages took longest: counted line by line."""

from __future__ import annotations

import heapq

from crawler.interfaces import LedgerLine
from crawler.observe.details import HostCount, SlowPage

#: Hosts that are counted; the requests of others are left out.
_HOSTS = 100_000
_SLOWEST = 10


class HostCounts:
    """Counts of hosts.

    Attributes:
        slowest: The pages that took longest, as a heap: the quickest of them first.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, HostCount] = {}
        self.slowest: list[SlowPage] = []

    def see(self, line: LedgerLine) -> None:
        """Count one request."""
        # A million of these pass: no parsing, the URL is one that was serialised by us.
        name = line.url.split("/", 3)[2]
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= _HOSTS:
                return
            host = self._hosts[name] = HostCount(name=name)
        host.known += 1
        host.bytes += line.bytes
        if line.outcome == "done":
            host.done += 1
        elif line.outcome in ("failed", "dead"):
            host.wrong += 1
        if len(self.slowest) < _SLOWEST:
            heapq.heappush(self.slowest, SlowPage(line.ms, line.url))
        elif line.ms > self.slowest[0].ms:
            heapq.heapreplace(self.slowest, SlowPage(line.ms, line.url))

    def largest(self, count: int) -> list[HostCount]:
        """Return the hosts with most requests, the largest first."""
        return heapq.nlargest(count, self._hosts.values(), key=lambda host: host.known)
