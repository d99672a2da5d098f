"""Starts that the schedule of a job asked for, and that nothing made: told from the history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice

import msgspec

from crawler.cron_line import CronLineError, parse_cron_line
from crawler.schedule.past_run import PastRun, Planned

#: The times at which an expression asks for a start: expression, zone, after and before which
#: wall-clock second.
Occurrences = Callable[[str, str | None, float, float], Iterable[float]]

#: Seconds by which a machine's clock may have been set back since.
_EARLY = 60.0
#: Seconds that a start may take to get on record.
_LATE = 120.0
#: Starts missed in a row that are counted.
_COUNTED = 10_000


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """Starts of a job that were missed one after the other.

    Attributes:
        first: Wall-clock second of the first.
        last: Of the last.
        times: How many.
        planned: What asks for them.
    """

    first: float
    last: float
    times: int
    planned: Planned


def missed_between(
    older: PastRun, newer: PastRun | None, beside: Sequence[PastRun], now: float, times: Occurrences
) -> Missed | None:
    """Return what was missed between two starts that the schedule made; None if nothing was.

    Args:
        older: The first of the two; its schedule counts.
        newer: The second; None if there is none yet.
        beside: Starts of the job at that time, by hand ones too: while one of them ran, the job
            was not to be started once more.
        now: Wall-clock second.
        times: Knows the schedule.
    """
    # One whose config could not be read knows of no schedule.
    plan = older.planned or (newer.planned if newer is not None else None)
    if plan is None:
        return None
    if newer is not None and newer.started - older.started - _EARLY < _apart(plan.cron):
        return None  # as most are: there is room for one
    until = now - plan.slack - _LATE if newer is None else newer.started
    asked = list(islice(times(plan.cron, plan.zone, older.started + _EARLY, until), _COUNTED))
    if newer is not None:
        asked = asked[:-1]  # that is the one
    left = [at for at in asked if not any(_covers(run, at, now) for run in beside)]
    if not left:
        return None
    return Missed(first=left[0], last=left[-1], times=len(left), planned=plan)


def _covers(run: PastRun, at: float, now: float) -> bool:
    end = now if run.standing == "running" else run.ended or run.started
    return run.started <= at < end


@lru_cache(maxsize=64)
def _apart(cron: str) -> float:
    """Return the seconds between two starts at least; 0 for a line that is none."""
    try:
        return (parse_cron_line(cron).shortest_gap or 0) * 60.0
    except CronLineError:
        return 0.0
