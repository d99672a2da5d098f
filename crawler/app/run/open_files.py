"""Room for as many open files as a crawl may need at once."""

from __future__ import annotations

import resource

from crawler.errors import ConfigError

#: Files beside connections: database, outputs, log, event loop, name look-ups.
_BESIDE = 64


def make_room(concurrency: int) -> None:
    """Raise the soft limit of open files to what so many connections need.

    A crawl that runs out of them would blame the hosts it cannot connect to.

    Raises:
        ConfigError: The hard limit is lower than that.
    """
    needed = concurrency + _BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ConfigError(
            f"fetch.concurrency {concurrency} needs about {needed} open files, and this machine"
            f" allows {hard}: lower it, or raise the limit (ulimit -n {needed})"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
