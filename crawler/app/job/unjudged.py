"""Which starts of a job say nothing of how it goes, however well they ended."""

from __future__ import annotations

import msgspec

from crawler.damage import UNREADABLE
from crawler.engine.limits import LIMIT_REACHED, PAUSED
from crawler.schedule.past_run import NOTHING_TO_DO, PastRun

#: Bytes of a summary at most: it lies where anybody may put a file.
_MAX_BYTES = 4 << 20


class _Retry(msgspec.Struct):
    retry_of: str | None = None


def is_unjudged(past: PastRun) -> bool:
    """Tell whether a start was a look, had nothing to do, or paused: it is no good run.

    The run that goes on with one that paused is judged for both.
    """
    if past.standing != "ended":
        return False
    return past.reason == LIMIT_REACHED or (
        past.exit == 0 and past.reason in (PAUSED, NOTHING_TO_DO)
    )


def is_retry(past: PastRun) -> bool:
    """Tell whether a start asked again for what failed, and so gave few items; False if unknown.

    Its report knows that, the history does not.
    """
    if past.summary is None:
        return False
    try:
        with past.summary.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=_Retry).retry_of is not None
    except (OSError, *UNREADABLE):
        return False
