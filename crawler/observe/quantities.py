"""Numbers as people read them: times, sizes, shares."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def clock_text(seconds: float) -> str:
    """Return a time as hours, minutes and seconds: `01:02:03`."""
    hours, rest = divmod(int(seconds), _HOUR)
    minutes, second = divmod(rest, _MINUTE)
    return f"{hours:02}:{minutes:02}:{second:02}"


def about(seconds: float) -> str:
    """Return a time to come, no more exact than it can be known: `45 s`, `10 min`, `3 h 20 min`."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if minutes < 2 * _MINUTE:
        return f"{minutes} min"
    if seconds < 2 * _DAY:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min"
    return f"{seconds / _DAY:.0f} days"


def took(seconds: float) -> str:
    """Return a time that has passed: `0.1 s`, `14 min 02 s`, `3 h 05 min`."""
    if seconds >= _HOUR:
        hours, rest = divmod(round(seconds / _MINUTE), 60)
        return f"{hours} h {rest:02} min"
    minutes, rest_s = divmod(round(seconds, 1), _MINUTE)
    return f"{int(minutes)} min {int(rest_s):02} s" if minutes else f"{seconds:.1f} s"


def size(count: float) -> str:
    """Return bytes in decimal units: `41 MB`."""
    for unit in _UNITS:
        if count < 999.5 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.1f} {unit}" if count < 9.95 and unit != "B" else f"{count:.0f} {unit}"


def share(part: float) -> str:
    """Return a share of 0 to 1 in per cent; `0%` and `100%` are said of nothing else."""
    if 0.01 <= part < 0.985 or part in (0, 1):
        return f"{part:.0%}"
    return f"{min(99.9, max(0.1, part * 100)):.1f}".removesuffix(".0") + "%"
