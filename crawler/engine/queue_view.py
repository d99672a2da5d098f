"""What waits, for which hosts, and how long the slowest of them takes: for people to look at."""

from __future__ import annotations

import msgspec

from crawler.frontier.frontier import Frontier
from crawler.frontier.host_queue import HostQueue


class SlowHost(msgspec.Struct, frozen=True, kw_only=True):
    """The host that takes longest.

    Attributes:
        queued: Requests that wait for it; at least, where `more`.
        more: Further ones are on disk, nobody counted how many.
        delay: Seconds between two starts.
        seconds: Until the last of them may start; at least, where `more`.
    """

    name: str
    queued: int
    more: bool
    delay: float
    seconds: float


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """What waits.

    Attributes:
        queued: Requests that are not on their way.
        ready: Of these, those whose host may be asked now. The others wait for its delay, its
            robots.txt or a free slot, are on disk, or are retries whose time has not come.
        hosts: Hosts with work.
        slowest: None while no host has a delay.
    """

    queued: int
    ready: int
    hosts: int
    slowest: SlowHost | None


def view_queues(frontier: Frontier, queued: int, now: float) -> QueueView:
    """Look at every host with work once.

    Args:
        frontier: The window in memory.
        queued: Requests that are not on their way, on disk or in memory.
        now: Monotonic second.
    """
    working = list(frontier.working)
    spilling = [queue for queue in working if queue.more]
    ready = sum(len(queue) for queue in working if queue.eligible and queue.ready_at <= now)
    # What is on disk is counted as a whole: if one host alone has rows there, they are its.
    on_disk = 0
    if len(spilling) == 1:
        on_disk = max(0, queued - sum(map(len, working)))
    slowest: tuple[float, HostQueue] | None = None
    for queue in working:
        seconds = _seconds(queue, len(queue) + (on_disk if queue.more else 0), now)
        if seconds > 0 and (slowest is None or seconds > slowest[0]):
            slowest = seconds, queue
    host = None if slowest is None else _slow_host(*slowest, on_disk)
    return QueueView(queued=max(0, queued), ready=ready, hosts=len(working), slowest=host)


def _slow_host(seconds: float, queue: HostQueue, on_disk: int) -> SlowHost:
    size = len(queue) + (on_disk if queue.more else 0)
    more = queue.more and not on_disk
    return SlowHost(name=queue.name, queued=size, more=more, delay=queue.delay, seconds=seconds)


def _seconds(queue: HostQueue, size: int, now: float) -> float:
    """Return the seconds until the last of a host's requests may start.

    The delay lies between two starts, so that requests side by side do not shorten it.
    """
    return max(0.0, queue.ready_at - now) + queue.delay * max(0, size - 1)
