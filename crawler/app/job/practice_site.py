"""The practice site for a job with `demo: true`, at the address it had the last time."""

from __future__ import annotations

import datetime
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.rehearsal import rehearsed_day
from crawler.errors import ConfigError, StateError
from crawler.interfaces import Clock

if TYPE_CHECKING:
    from crawler.practice.server import PracticeSite


async def start_practice_site(paths: JobPaths, clock: Clock) -> PracticeSite:
    """Start the site for a run; a resume needs the port that the URLs of the state name.

    Raises:
        StateError: That port is taken now.
    """
    port = last_port(paths)
    site = _site(port, clock)
    try:
        await site.start()
    except OSError as error:
        raise StateError(
            f"the practice site cannot have port {port} again, which this job's state names: "
            f"{error.strerror}; end what uses it, or delete {paths.practice_port} and run with"
            " --fresh"
        ) from error
    paths.practice_port.write_text(str(site.port))
    return site


async def serve_practice_site(
    paths: JobPaths, clock: Clock, *, port: int = 0, day: datetime.date | None = None
) -> PracticeSite:
    """Start the site for a look at single pages: at its last port if that is free.

    Args:
        paths: Of the job.
        clock: The time.
        port: To listen on instead; 0 for that of the job's last run.
        day: The shop is as on this day; None for what the environment says, or today's.

    Raises:
        ConfigError: The port that was asked for is taken.
    """
    try:
        site = _site(port or last_port(paths), clock, day)
        await site.start()
    except OSError as error:
        if port:
            raise ConfigError(f"port {port} cannot be had: {error.strerror}") from error
        site = _site(0, clock, day)
        await site.start()
    return site


def last_port(paths: JobPaths) -> int:
    """Return the port that the site had in the job's last run, 0 for none."""
    with suppress(OSError, ValueError):
        return int(paths.practice_port.read_text())
    return 0


def _site(port: int, clock: Clock, day: datetime.date | None = None) -> PracticeSite:
    from crawler.practice.server import PracticeSite  # most jobs have no use for it

    day = day or rehearsed_day(os.environ)
    if day is None:
        return PracticeSite(port, now=clock.wall)
    return PracticeSite(port, day=day, now=clock.wall)
