"""What the frontier knows as a run begins: all that the store has."""

from __future__ import annotations

from crawler.engine.parts import Parts


def load_frontier(parts: Parts, now: float) -> None:
    """Let the frontier know what the store has.

    Args:
        parts: Of the crawl.
        now: Monotonic seconds.
    """
    opened, hosts, frontier, wall = parts.opened, parts.hosts, parts.frontier, parts.clock.wall()
    for name, count in opened.pending.items():
        frontier.spilled(name, count, now)
    suspected = [request.host for request in opened.suspects]
    for name in dict.fromkeys((*opened.pending, *opened.hosts, *suspected)):
        pause = hosts.paused_for(name, wall)
        if opened.resumed:
            # Nobody knows what went out last, so the delay begins anew.
            pause = max(pause, hosts.delay(name))
        if pause:
            frontier.host(name, now).ready_at = now + pause
