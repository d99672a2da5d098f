"""The practice site for a job with `demo: true`, at the address it had the last time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.app.job_paths import JobPaths
from crawler.errors import StateError
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


async def serve_practice_site(paths: JobPaths, clock: Clock) -> PracticeSite:
    """Start the site for a look at single pages: at its last port if that is free."""
    site = _site(last_port(paths), clock)
    try:
        await site.start()
    except OSError:
        site = _site(0, clock)
        await site.start()
    return site


def last_port(paths: JobPaths) -> int:
    """Return the port that the site had in the job's last run, 0 for none."""
    with suppress(OSError, ValueError):
        return int(paths.practice_port.read_text())
    return 0


def _site(port: int, clock: Clock) -> PracticeSite:
    from crawler.practice.server import PracticeSite  # most jobs have no use for it

    return PracticeSite(port)
