"""The practice site for a job with `demo: true`, at the address it had the last time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.app.job_paths import JobPaths
from crawler.errors import StateError

if TYPE_CHECKING:
    from crawler.practice.server import PracticeSite


async def start_practice_site(paths: JobPaths) -> PracticeSite:
    """Start the site; a resume needs the port that the URLs of the state name.

    Raises:
        StateError: That port is taken now.
    """
    from crawler.practice.server import PracticeSite  # most jobs have no use for it

    port = 0
    with suppress(OSError, ValueError):
        port = int(paths.practice_port.read_text())
    site = PracticeSite(port)
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
