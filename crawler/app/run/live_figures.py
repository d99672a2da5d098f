"""The figures of a crawl that goes on, for `crawler status`. Imported once there are any."""

from __future__ import annotations

from typing import Any

import msgspec

from crawler.app.run.observer import Observer
from crawler.app.run.stuck_words import phase_of
from crawler.app.run.watched import Watched
from crawler.engine.sight import longest_queues
from crawler.observe.console import safe
from crawler.observe.pace import Pace
from crawler.observe.progress_lines import progress_lines
from crawler.observe.snapshot import Snapshot
from crawler.observe.summary import books_of

#: Requests in flight and hosts that are named.
_NAMED = 5


class LiveFigures:
    """What is known of a crawl at a moment.

    Args:
        watched: The crawl.
    """

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._observer = Observer(watched)
        self._pace = Pace()

    def look(self) -> Snapshot:
        """Take a snapshot; rates are those between several of them."""
        snapshot = self._observer.look(stopping=False)
        self._pace.see(snapshot)
        return snapshot

    def figures(self, width: int) -> dict[str, Any]:
        """Return the figures by name, as plain data.

        Args:
            width: Columns of `lines`, which are for people.
        """
        snapshot, pace = self.look(), self._pace
        eta = pace.eta(snapshot)
        waited = self._watched.wired.crawl.bottleneck.waited(snapshot.at)
        return {
            "run": self._watched.run, "backend": self._watched.job.run.backend,
            "elapsed_s": round(snapshot.elapsed, 1), "paused_s": round(waited["paused"], 1),
            "books": books_of(snapshot.books), "items": snapshot.items,
            "quarantined": snapshot.quarantined, "bytes": snapshot.bytes,
            "errors": dict(snapshot.errors),
            "ended_per_s": round(pace.rate, 2), "average_per_s": round(pace.average, 2),
            "bytes_per_s": round(pace.bytes_rate),
            "eta_s": None if eta is None else round(eta.seconds, 1),
            "eta_bound": "" if eta is None else eta.bound,
            "limited_by": snapshot.limited_by, "memory_bytes": snapshot.memory,
            "memory_limit_bytes": snapshot.memory_limit,
            "queue": {
                "waiting": snapshot.queued, "ready": snapshot.ready, "hosts": self._hosts(),
                "slowest": msgspec.to_builtins(snapshot.slowest),
            },
            "in_flight": {
                "count": snapshot.in_flight, "limit": snapshot.concurrency,
                "oldest": self._oldest(snapshot.at),
            },
            "lines": progress_lines(snapshot, pace, width, keys=False)[1:],
        }  # fmt: skip

    def _oldest(self, now: float) -> list[dict[str, Any]]:
        callbacks, sight = self._watched.wired.callbacks, self._watched.wired.crawl.sight
        oldest = []
        for flight in sight.flights.oldest(_NAMED):
            phase, since = phase_of(flight, callbacks)
            oldest.append(
                {"url": safe(flight.request.url), "seconds": round(now - since, 1), "phase": phase}
            )
        return oldest

    def _hosts(self) -> list[dict[str, Any]]:
        sight = self._watched.wired.crawl.sight
        return [
            {"host": safe(name), "waiting": count, "more": more}
            for name, count, more in longest_queues(sight.parts, _NAMED)
        ]
