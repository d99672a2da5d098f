"""Whether a start that the schedule asked for was missed, and is to be made up for by one now."""

from __future__ import annotations

from pathlib import Path

from crawler.app.job.history import history_of
from crawler.app.look.asked_for import asked_for
from crawler.config.models.job import Job
from crawler.errors import StateError

#: Seconds by which a machine's clock may have been set back since.
_EARLY = 60.0
#: Starts that are looked at: those refused for their config did nothing.
_LOOKED_AT = 50


def is_to_catch_up(job: Job, base: Path, now: float) -> bool:
    """Tell whether the schedule asked for a start since the last one was made, by whomever.

    A job that never ran has missed nothing: nobody knows since when it is installed.

    Args:
        job: The job; `schedule.catch_up` says whether it is to be asked at all.
        base: Base of state, data and reports, absolute.
        now: Wall-clock second.
    """
    schedule = job.schedule
    if schedule.cron is None or schedule.catch_up == "never":
        return False
    try:
        past = history_of(base).recent(job.name, _LOOKED_AT)
    except StateError:
        return False
    last = next((run.started for run in past if run.standing != "refused"), None)
    if last is None:
        return False
    missed = asked_for(schedule.cron, schedule.timezone, last + _EARLY, now)
    return next(missed, None) is not None
