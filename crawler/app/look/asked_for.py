"""When the schedule of a job asked for a start."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawler.cron_line import CronLineError, parse_cron_line
from crawler.policy.run_times import Manner, run_times
from crawler.schedule.machine_zone import machine_zone


def asked_for(cron: str, zone: str | None, after: float, before: float) -> Iterator[float]:
    """Yield the times at which a start was to be made for certain, whoever makes them.

    Where clocks change, programs differ in what they start (see `Manner`): none is missed there
    that one of them would not have started.

    Args:
        cron: The expression.
        zone: Name of the time zone; None for the machine's.
        after: Wall-clock second; only what comes later.
        before: Wall-clock second; nothing that comes later.
    """
    try:
        line = parse_cron_line(cron)
        times = ZoneInfo(zone) if zone else machine_zone().zone
    except (CronLineError, ZoneInfoNotFoundError, ValueError, OSError):
        return  # as a config had it that a newer or older version took
    asked = run_times(line, times, after, Manner.AT_MOST_ONCE)
    yield from takewhile(lambda at: at <= before, asked)
