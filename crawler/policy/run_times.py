"""When a cron line comes true in a time zone, and what clock changes make of it.

Clocks that go forward leave out some times of a day, those that go back have some twice. What runs
then depends on who runs it; see `Manner`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum, auto

import msgspec

from crawler.cron_line import CronLine

#: A day that comes at all comes within so many: 29 February on a weekday of its own is the rarest.
_FURTHEST = timedelta(days=366 * 41)
_DAY = 86_400


class Manner(Enum):
    """What becomes of times that a clock change leaves out or brings twice.

    `EACH_ONCE`: a time left out runs as soon as the clock has gone forward, one that comes twice
    runs the first time. So do cron(8) of Debian, of the BSDs and cronie, in the machine's zone;
    lines whose minute or hour begins with `*` they treat as `AS_THE_CLOCK`.

    `AS_THE_CLOCK`: a time left out does not run, one that comes twice runs twice: cronie with
    `CRON_TZ`, Kubernetes.

    `AT_MOST_ONCE`: a time left out does not run, one that comes twice runs the first time: systemd
    timers, as seen with systemd 252.
    """

    EACH_ONCE = auto()
    AS_THE_CLOCK = auto()
    AT_MOST_ONCE = auto()


class ClockChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the clocks that touches a schedule.

    Attributes:
        at: When, in seconds since 1970 UTC.
        forward: Whether the clocks go forward.
        times: The times of day of the schedule that are left out, or come twice, as (hour, minute).
    """

    at: float
    forward: bool
    times: tuple[tuple[int, int], ...]


def run_times(line: CronLine, zone: tzinfo, after: float, manner: Manner) -> Iterator[float]:
    """Yield when a line comes true, in seconds since 1970 UTC, ascending; it does not end.

    Args:
        line: When.
        zone: In whose time it is meant.
        after: Only what comes later than this.
        manner: What clock changes do.
    """
    if line.follows_clock and manner is Manner.EACH_ONCE:
        manner = Manner.AS_THE_CLOCK
    # A gap may be a whole day, as in Samoa in 2011: its runs come a day later.
    day = datetime.fromtimestamp(after, zone).date() - timedelta(days=1)
    last = after
    found = day
    while day - found < _FURTHEST and day.year < date.max.year:
        if line.on(day.month, day.day, day.isoweekday() % 7):
            found = day
            for instant in _instants(line, day, zone, manner):
                if instant > last:
                    last = instant
                    yield instant
        day += timedelta(days=1)


def clock_changes(line: CronLine, zone: tzinfo, after: float, days: int) -> list[ClockChange]:
    """Return the changes of a zone's clocks, within so many days, that touch a line."""
    touching = []
    for at, before, behind in _changes(zone, after, days):
        low, high = sorted((before, behind))
        begin = datetime.fromtimestamp(at + low, UTC).replace(tzinfo=None)
        end = datetime.fromtimestamp(at + high, UTC).replace(tzinfo=None)
        times = tuple(_times_between(line, begin, end))
        if times:
            touching.append(ClockChange(at=at, forward=behind > before, times=times))
    return touching


def _times_between(line: CronLine, begin: datetime, end: datetime) -> Iterator[tuple[int, int]]:
    day = begin.date()
    while day <= end.date():
        if line.on(day.month, day.day, day.isoweekday() % 7):
            for hour in line.hours:
                for minute in line.minutes:
                    if begin <= datetime(day.year, day.month, day.day, hour, minute) < end:  # noqa: DTZ001 - what clocks show
                        yield hour, minute
        day += timedelta(days=1)


def _changes(zone: tzinfo, after: float, days: int) -> Iterator[tuple[float, float, float]]:
    """Yield when a zone's offset changes, with the seconds before and behind."""
    before = _offset(zone, after)
    for day in range(days):
        begin, end = after + day * _DAY, after + (day + 1) * _DAY
        behind = _offset(zone, end)
        if behind != before:
            yield _first_with(zone, behind, begin, end), before, behind
        before = behind


def _instants(line: CronLine, day: date, zone: tzinfo, manner: Manner) -> list[float]:
    """Return when the times of a day come, ascending."""
    found: set[float] = set()
    for hour in line.hours:
        for minute in line.minutes:
            found.update(_of_time(day, hour, minute, zone, manner))
    return sorted(found)


def _of_time(day: date, hour: int, minute: int, zone: tzinfo, manner: Manner) -> tuple[float, ...]:
    """Return when a time of a day comes: once, twice or never."""
    # PEP 495: the two readings of a wall time differ only beside a change of the clocks.
    first = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    second = first.replace(fold=1)
    early, late = first.timestamp(), second.timestamp()
    if early == late:
        return (early,)
    if early < late:
        return (early, late) if manner is Manner.AS_THE_CLOCK else (early,)
    if manner is not Manner.EACH_ONCE:
        return ()
    return (_first_with(zone, _offset(zone, early), late, early),)


def _first_with(zone: tzinfo, offset: float, begin: float, end: float) -> float:
    """Return the second between two instants from which on a zone has an offset."""
    low, high = int(begin), int(end)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(zone, middle) == offset else (middle, high)
    return float(high)


def _offset(zone: tzinfo, at: float) -> float:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
