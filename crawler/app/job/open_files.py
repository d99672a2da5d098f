"""Room for as many open files as a crawl may need at once, and for connections that wait."""

from __future__ import annotations

import contextlib
import resource

from crawler.errors import ConfigError

#: Files beside connections: database, outputs, log, event loop, name look-ups.
_BESIDE = 64
#: Connections that wait for the next request to their host, at most and at least: to keep one is
#: a quarter of the CPU time of a request cheaper than to make one, and kinder to the host.
MOST_IDLE, LEAST_IDLE = 4096, 256


def make_room(concurrency: int) -> None:
    """Raise the soft limit of open files to what so many connections need, and those that wait.

    A crawl that runs out of them would blame the hosts it cannot connect to.

    Raises:
        ConfigError: The hard limit is lower than what connections need.
    """
    needed = concurrency + _BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ConfigError(
            f"fetch.concurrency {concurrency} needs about {needed} open files, and this machine"
            f" allows {hard}: lower it, or raise the limit (ulimit -n {needed})"
        )
    for wished in (needed + MOST_IDLE, needed + LEAST_IDLE, needed):
        if soft == resource.RLIM_INFINITY or soft >= wished:
            return
        if hard == resource.RLIM_INFINITY or hard >= wished:
            with contextlib.suppress(OSError, ValueError):  # a system may have limits of its own
                resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
                return


def idle_room(concurrency: int) -> int:
    """Return how many connections may wait for a next request, by the limit as it is now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_IDLE
    return max(LEAST_IDLE, min(MOST_IDLE, soft - concurrency - _BESIDE))
