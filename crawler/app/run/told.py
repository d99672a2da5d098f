"""Whether a run tells people anything, and what that needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.app.job.job_paths import JobPaths
from crawler.app.run.options import RunOptions
from crawler.config.load import LoadedJob
from crawler.interfaces import Clock
from crawler.observe.console import Console

if TYPE_CHECKING:
    from crawler.app.tell.telling import Telling


def telling_of(
    loaded: LoadedJob, options: RunOptions, paths: JobPaths, clock: Clock, console: Console
) -> Telling | None:
    """Return what tells people of a run; None where the job names nobody."""
    if not loaded.job.notify.model_fields_set:
        return None
    # Clients for mail and HTTP, which most jobs do without.
    from crawler.app.tell.telling import Telling

    return Telling(
        loaded, paths, clock, console.say, by_hand=options.trigger == "hand",
        a_look=options.limit is not None,
    )  # fmt: skip
