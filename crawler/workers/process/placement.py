"""Which worker a request goes to. No I/O.

A host stays with its worker, whose connections to it are open. Only when that worker has clearly
more to do than another one does a request go elsewhere, so that a single big host is spread over
all of them. A site that sets cookies stays where it is in any case: its session is one.
"""

from __future__ import annotations

from crawler.urls import split_port

#: Requests by which a host's own worker may be ahead of the least busy one.
HEAD_START = 4


class Placement:
    """Places the requests of one run.

    Args:
        workers: How many there are, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._load = [0] * workers
        self._homes: dict[str, int] = {}
        self._settled: dict[str, int] = {}

    def load(self, worker: int) -> int:
        """Return the requests that a worker has."""
        return self._load[worker]

    def place(self, host: str) -> int:
        """Return the worker for a request to a host, and count it there."""
        worker = self._choose(host)
        self._load[worker] += 1
        return worker

    def put(self, worker: int) -> None:
        """Count a request that goes to a worker whatever its host."""
        self._load[worker] += 1

    def done(self, worker: int) -> None:
        """Count a request that came back."""
        self._load[worker] -= 1

    def settle(self, domain: str, worker: int) -> None:
        """Keep a cookie's domain, and all below it, with one worker from now on."""
        self._settled.setdefault(domain, worker)

    def _choose(self, host: str) -> int:
        if self._settled:
            settled = self._settled_for(host)
            if settled is not None:
                return settled
        load = self._load
        idlest = min(range(len(load)), key=load.__getitem__)
        home = self._homes.setdefault(host, idlest)
        return home if load[home] - load[idlest] <= HEAD_START else idlest

    def _settled_for(self, host: str) -> int | None:
        name, port = split_port(host)
        if port is not None and (place := f"{name}:{port}") in self._settled:
            return self._settled[place]  # a cookie of a host on a port of its own
        while name:
            if name in self._settled:
                return self._settled[name]
            name = name.partition(".")[2]
        return None
