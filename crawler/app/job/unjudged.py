"""Which starts of a job say nothing of how it goes, however well they ended."""

from __future__ import annotations

from crawler.engine.limits import LIMIT_REACHED, PAUSED
from crawler.schedule.past_run import NOTHING_TO_DO, PastRun


def is_unjudged(past: PastRun) -> bool:
    """Tell whether a start was a look, had nothing to do, or paused: it is no good run.

    The run that goes on with one that paused is judged for both.
    """
    if past.standing != "ended":
        return False
    return past.reason == LIMIT_REACHED or (
        past.exit == 0 and past.reason in (PAUSED, NOTHING_TO_DO)
    )
