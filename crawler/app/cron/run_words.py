"""When a job will run, in words, and what clock changes will make of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec

from crawler.app.cron.cron_plan import CronPlan
from crawler.cron_line import CronLine, parse_cron_line
from crawler.observe.quantities import about
from crawler.policy.run_times import Manner, clock_changes, run_times
from crawler.schedule.machine_zone import MachineZone

#: Next runs that are shown, and days ahead that are searched for clock changes.
_SHOWN, _AHEAD = 3, 400


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """When something starts a job.

    Attributes:
        times: Lines, as whoever starts it reads them.
        zone: In which those are read.
        manner: What is made of clock changes.
        machine: The machine's zone.
        job_zone: Name of the zone that the job's own line is meant in; None for the machine's.
        right_until: When `times` cease to be what the job's own line means, in seconds since 1970
            UTC; None for never.
    """

    times: tuple[str, ...]
    zone: ZoneInfo
    manner: Manner
    machine: MachineZone
    job_zone: str | None
    right_until: float | None = None

    def next_runs(self, now: float, count: int = _SHOWN) -> list[float]:
        """Return when the next runs are, in seconds since 1970 UTC."""
        found: set[float] = set()
        for text in self.times:
            times = run_times(parse_cron_line(text), self.zone, now, self.manner)
            found.update(islice(times, count))
        return sorted(found)[:count]


def timetable_lines(plan: CronPlan, table: Timetable, now: float) -> Iterator[str]:
    """Yield lines about the next runs, in the job's zone and the machine's."""
    runs = table.next_runs(now)
    there = ZoneInfo(table.job_zone) if table.job_zone else table.machine.zone
    title, here = table.job_zone or table.machine.title, table.machine.title
    both = table.job_zone not in (None, table.machine.name)
    yield f"  next runs   {title:<24}{f'this machine ({here})' if both else ''}".rstrip()
    for at in runs:
        shown = f"{_day(at, there)} {_clock(at, there)}"
        other = _here(at, there, table.machine.zone) if both else ""
        yield f"              {shown:<24}{other}".rstrip()
    if plan.schedule.jitter:
        most = about(plan.schedule.jitter)
        yield f"  jitter      up to {most} later, the same each time on this machine"
    if table.right_until is None:
        yield from _change_lines(plan.line, there, title, table, now)
    else:
        day = _day(table.right_until, there)
        yield f"  until       {day}: then clocks change: install it again by then"


def stamp(at: float, zone: tzinfo) -> str:
    """Return an instant as a zone's clock shows it, with its offset."""
    return datetime.fromtimestamp(at, zone).isoformat(timespec="minutes")


def short(at: float, zone: tzinfo) -> str:
    """Return an instant for a table."""
    return f"{_day(at, zone)} {_clock(at, zone)}"


def _here(at: float, there: tzinfo, here: tzinfo) -> str:
    same = datetime.fromtimestamp(at, there).date() == datetime.fromtimestamp(at, here).date()
    return _clock(at, here) if same else f"{_day(at, here)} {_clock(at, here)}"


def _day(at: float, zone: tzinfo) -> str:
    # Not %a and %b, which are in the language of the locale.
    moment = datetime.fromtimestamp(at, zone)
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    return f"{weekday} {moment.date().isoformat()}"


def _clock(at: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%H:%M}"


def _change_lines(
    line: CronLine, zone: ZoneInfo, title: str, table: Timetable, now: float
) -> Iterator[str]:
    """Yield a line for each change of the clocks that touches the schedule."""
    for change in clock_changes(line, zone, now, _AHEAD):
        hour, minute = change.times[0]
        more = f" and {len(change.times) - 1} more" if len(change.times) > 1 else ""
        times = f"{hour:02}:{minute:02}{more}"
        gone = "left out" if change.forward else "there twice"
        yield f"  clocks      {_day(change.at, zone)}: {times} is {gone} in {title}: " + _becomes(
            line, table, forward=change.forward, after=_clock(change.at, zone)
        )


def _becomes(line: CronLine, table: Timetable, *, forward: bool, after: str) -> str:
    each_once = table.manner is Manner.EACH_ONCE and not line.follows_clock
    if forward:
        return f"it runs at {after}" if each_once else "it does not run then"
    if each_once or table.manner is Manner.AT_MOST_ONCE:
        return "it runs the first time"
    return "it runs twice"
