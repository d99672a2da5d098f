"""A cron line meant in one zone, as lines for another whose clocks differ by so many minutes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

from crawler.cron_line import CronLine, CronLineError

_DAY = 24 * 60
_EVERY_MONTH, _EVERY_DAY, _EVERY_WEEKDAY = 12, 31, 7


def shifted_lines(line: CronLine, minutes: int) -> list[str]:
    """Return lines that come true so many minutes later than this one, as a clock shows it.

    Args:
        line: When.
        minutes: Less than a day, either way; 0 gives the line as it was written.

    Raises:
        CronLineError: It cannot be written so: a day of the month would have to become the one
            before or behind it.
    """
    if not minutes:
        return [line.text]
    by_hour: dict[tuple[int, int], list[int]] = defaultdict(list)
    for hour in line.hours:
        for minute in line.minutes:
            day, rest = divmod(hour * 60 + minute + minutes, _DAY)
            by_hour[day, rest // 60].append(rest % 60)
    together: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
    free = _any_day(line)
    for (day, hour), at in sorted(by_hour.items()):
        together[0 if free else day, tuple(sorted(at))].append(hour)
    return [_written(line, day, at, sorted(hours)) for (day, at), hours in sorted(together.items())]


def written_numbers(numbers: Iterable[int], whole: int) -> str:
    """Return a field: `*` if all of its numbers are there, else ranges and single ones."""
    listed = sorted(numbers)
    if len(listed) == whole:
        return "*"
    runs = groupby(enumerate(listed), lambda pair: pair[1] - pair[0])
    return ",".join(_run([number for _, number in run]) for _, run in runs)


def _run(numbers: list[int]) -> str:
    if len(numbers) > 2:
        return f"{numbers[0]}-{numbers[-1]}"
    return ",".join(map(str, numbers))


def _any_day(line: CronLine) -> bool:
    return (
        len(line.days) == _EVERY_DAY
        and len(line.months) == _EVERY_MONTH
        and len(line.weekdays) == _EVERY_WEEKDAY
    )


def _written(line: CronLine, day: int, minutes: tuple[int, ...], hours: list[int]) -> str:
    days, months, weekdays = line.text.split()[2:]
    if day:
        if len(line.days) < _EVERY_DAY or len(line.months) < _EVERY_MONTH:
            raise CronLineError("has days that would be others in the zone of this machine")
        moved = {(weekday + day) % 7 for weekday in line.weekdays}
        weekdays = written_numbers(moved, _EVERY_WEEKDAY)
    return f"{written_numbers(minutes, 60)} {written_numbers(hours, 24)} {days} {months} {weekdays}"
