"""The five fields of a cron line: what they mean, and whether they can ever come true.

The grammar is that of Vixie's cron and of all that came from it: lists, ranges, steps, names of
months and days, `@daily` and the like. What only some programs understand (seconds, `L`, `?`,
`5/15`, `@reboot`) is refused, so that a line means the same wherever it is installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

import msgspec

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONG_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August",
                "September", "October", "November", "December")  # fmt: skip
#: Days of each month, in a leap year.
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: What crontab(5) has for the usual lines.
SHORTHANDS: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_PART = re.compile(r"(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\w+))?", re.ASCII)


class CronLineError(ValueError):
    """A line that cron does not understand, or at which nothing would ever run.

    Attributes:
        hint: What to write instead; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class _Field(msgspec.Struct, frozen=True):
    """What a field may hold.

    Attributes:
        name: For messages.
        low: The lowest number.
        high: The highest.
        names: Words for the numbers from `first` on.
        first: The number of the first word.
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    first: int = 0


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    _Field("day of the week", 0, 7, _DAYS),
)


class CronLine(msgspec.Struct, frozen=True, kw_only=True):
    """When something runs.

    Attributes:
        text: Five fields, as they were written; a shorthand is written out.
        minutes: 0 to 59, ascending, as are the others.
        hours: 0 to 23.
        days: Of the month, 1 to 31.
        months: 1 to 12.
        weekdays: 0 to 6 from Sunday.
        any_day: The field of the days of the month begins with `*`.
        any_weekday: That of the days of the week does.
        follows_clock: Minute or hour begin with `*`. Cron runs such a line whenever the clock
            shows a time of it, and others once for each time, also when clocks are changed.
    """

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    any_day: bool
    any_weekday: bool
    follows_clock: bool

    @property
    def either_day(self) -> bool:
        """Whether one of the two day fields is enough: so it is when neither begins with `*`."""
        return not (self.any_day or self.any_weekday)

    def on(self, month: int, day: int, weekday: int) -> bool:
        """Tell whether there are runs on a day; `weekday` counts from 0, Sunday."""
        if month not in self.months:
            return False
        in_month, in_week = day in self.days, weekday in self.weekdays
        return (in_month or in_week) if self.either_day else (in_month and in_week)

    @property
    def shortest_gap(self) -> int | None:
        """The fewest minutes between two times of a day; None when there is but one in it.

        The night between two days counts if every day has runs.
        """
        times = [hour * 60 + minute for hour in self.hours for minute in self.minutes]
        if len(self.days) == 31 and len(self.weekdays) == 7 and len(self.months) == 12:
            times.append(times[0] + 24 * 60)
        return min((b - a for a, b in pairwise(times)), default=None)


def parse_cron_line(text: str) -> CronLine:
    """Read a line.

    Args:
        text: Five fields or a shorthand such as `@daily`; case does not matter.

    Raises:
        CronLineError: Cron would not understand it, or nothing would ever run.
    """
    fields = _fields_of(text)
    sets = [_numbers(word, field) for word, field in zip(fields, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = sets
    line = CronLine(
        text=" ".join(fields),
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=tuple(sorted({day % 7 for day in weekdays})),
        any_day=fields[2].startswith("*"),
        any_weekday=fields[4].startswith("*"),
        follows_clock=fields[0].startswith("*") or fields[1].startswith("*"),
    )
    _check_possible(line)
    return line


def _fields_of(text: str) -> list[str]:
    words = text.lower().split()
    if words and words[0].startswith("@"):
        words = _written_out(words)
    if len(words) == 5:
        return words
    if not words:
        raise CronLineError("is empty", _example())
    if len(words) == 6:
        message = "has six fields: cron knows no seconds, years or users"
        raise CronLineError(message, _example())
    counted = "one field" if len(words) == 1 else f"{len(words)} fields"
    raise CronLineError(f"has {counted}, not five", _example())


def _example() -> str:
    return 'minute, hour, day, month, weekday: "15 3 * * *" is every night at 03:15'


def _written_out(words: list[str]) -> list[str]:
    short = words[0]
    if short == "@reboot":
        raise CronLineError("names no time: it runs when the machine starts", "e.g. @daily")
    if short not in SHORTHANDS:
        raise CronLineError("is no shorthand of cron", f"there are {', '.join(SHORTHANDS)}")
    if len(words) > 1:
        raise CronLineError(f"has more behind {short}, which stands for all five fields")
    return SHORTHANDS[short].split()


def _numbers(word: str, field: _Field) -> tuple[int, ...]:
    found: set[int] = set()
    for part in word.split(","):
        found.update(_part(part, field, word))
    return tuple(sorted(found))


def _part(part: str, field: _Field, word: str) -> range:
    match = _PART.fullmatch(part)
    if not match:
        raise _unread(part, field, word)
    low, high, step = match.group("low", "high", "step")
    if low is None:
        first, last = field.low, 6 if field.names is _DAYS else field.high
    else:
        first = _number(low, field)
        last = first if high is None else _number(high, field)
    if first > last:
        raise _backwards(part, first, last, field)
    if step is None:
        return range(first, last + 1)
    if low is not None and high is None:
        message = f"has a step behind a single {field.name}, {part}, which only some crons know"
        raise CronLineError(message, f"write {low}-{field.high}/{step}")
    return range(first, last + 1, _step(step, first, last, field))


def _unread(part: str, field: _Field, word: str) -> CronLineError:
    if not part:
        return CronLineError(f"has an empty entry in the {field.name}: {word}")
    if re.search(r"[?#]|\b[LW]\b|\d[LW]", part, re.IGNORECASE):
        message = f"has the {field.name} {part}, which is understood by other schedulers than cron"
        return CronLineError(message, 'use numbers, names, and "*", "-", "/", ","')
    return CronLineError(f"has a {field.name} that cannot be read: {part}")


def _backwards(part: str, first: int, last: int, field: _Field) -> CronLineError:
    message = f"has a range that runs backwards in the {field.name}: {part}"
    if field.names is _DAYS and last == 0:
        return CronLineError(message, f"Sunday is 7 too: write {first}-7")
    high = 6 if field.names is _DAYS else field.high
    return CronLineError(message, f"write {first}-{high},{field.low}-{last}")


def _number(word: str, field: _Field) -> int:
    if word in field.names:
        return field.names.index(word) + field.first
    if not word.isdigit():
        message = f"has no known {field.name}: {word}"
        if word[:3] in field.names:
            raise CronLineError(message, f"write {word[:3]}")
        known = f"{field.low} to {field.high}"
        names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
        raise CronLineError(message, f"known are {known}{names}")
    number = int(word) if len(word) < 9 else 10**9
    if not field.low <= number <= field.high:
        raise CronLineError(
            f"has a number that is no {field.name}: {word}", f"{field.low} to {field.high}"
        )
    return number


def _step(word: str, first: int, last: int, field: _Field) -> int:
    step = int(word) if word.isdigit() and len(word) < 9 else 0
    if not step:
        raise CronLineError(f"has a step that is no whole number from 1 on: {word}")
    if step > last - first and step > 1:
        message = (
            f"has the step {step} in the {field.name}, which leaves only {first}: "
            f"steps begin anew with each {_above(field)}"
        )
        raise CronLineError(message, f"write {first} if that is meant")
    return step


def _above(field: _Field) -> str:
    over = {"minute": "hour", "hour": "day", "day of the month": "month", "month": "year"}
    return over.get(field.name, "week")


def _check_possible(line: CronLine) -> None:
    """Refuse days that no month of the line has; a weekday of its own makes a line possible."""
    if line.either_day or any(line.days[0] <= _LENGTHS[month - 1] for month in line.months):
        return
    days = " or ".join(str(day) for day in line.days)
    months = ", ".join(_LONG_MONTHS[month - 1] for month in line.months)
    longest = max(_LENGTHS[month - 1] for month in line.months)
    has = "has" if len(line.months) == 1 else "have"
    raise CronLineError(
        f"would never run: there is no {days} {months}", f"{months} {has} {longest} days at most"
    )
