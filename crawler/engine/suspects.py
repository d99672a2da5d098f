"""Pages whose callback was running when the last process ended: each runs with nothing beside it.

So a page that ends the process is found out, and no innocent one pays for it (the store gives a
suspect up once it has done so too often).
"""

from __future__ import annotations

from collections.abc import Sequence

from crawler.frontier.frontier import Frontier
from crawler.messages import QueuedRequest


class Suspects:
    """The suspects of one run.

    Args:
        requests: Their rows, never queued in the frontier.
        frontier: Knows what else is on its way.
    """

    def __init__(self, requests: Sequence[QueuedRequest], frontier: Frontier) -> None:
        self._waiting = list(requests)
        self._frontier = frontier
        self._alone: int | None = None
        for request in requests:
            frontier.claim(request)

    def __bool__(self) -> bool:
        return self._alone is not None or bool(self._waiting)

    @property
    def waiting(self) -> int:
        """Suspects that have not been sent out."""
        return len(self._waiting)

    def add(self, request: QueuedRequest) -> None:
        """Let a taken request run alone: its callback was running when a worker process ended."""
        self._waiting.append(request)

    def wants_quiet(self, now: float) -> bool:
        """Tell whether nothing else may be sent out: one is on its way, or could be.

        While every suspect's host is to be left alone, the others go on.
        """
        return self._alone is not None or self._ready(now) is not None

    def next_alone(self, now: float) -> QueuedRequest | None:
        """Take a suspect that may go out now; None while something else is uncommitted."""
        request = self._ready(now)
        if request is None or self._alone is not None or self._frontier.taken > self.waiting:
            return None
        self._waiting.remove(request)
        self._alone = request.id
        return request

    def put_back(self, request: QueuedRequest) -> bool:
        """Take a suspect back that could not go out; False for a request that is none."""
        if request.id != self._alone:
            return False
        self._alone = None
        self._waiting.append(request)
        return True

    def committed(self, row: int) -> None:
        """Note that a page is committed: a suspect that was has proved harmless."""
        if row == self._alone:
            self._alone = None

    def ready_at(self, now: float) -> float | None:
        """Return when the first suspect's host may be asked; None if that is not known."""
        times = [self._host_ready(request) for request in self._waiting]
        return min((at for at in times if at is not None and at > now), default=None)

    def _ready(self, now: float) -> QueuedRequest | None:
        for request in self._waiting:
            at = self._host_ready(request)
            if at is not None and at <= now:
                return request
        return None

    def _host_ready(self, request: QueuedRequest) -> float | None:
        queue = self._frontier.host(request.host)
        return None if queue.held else queue.ready_at
