"""Durations, sizes and shares as people write them.

Durations become seconds, sizes bytes, shares a number from 0 to 1. A bare number is refused: it
reads as seconds to one and as milliseconds to the next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.config.suggest import nearest

DURATION_UNITS: Mapping[str, float] = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
SIZE_UNITS: Mapping[str, float] = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_LONG_UNITS: Mapping[str, str] = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m",
    "minute": "m", "minutes": "m", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d", "msec": "ms", "k": "KiB", "m": "MiB", "g": "GiB",
    "mi": "MiB", "gi": "GiB", "ki": "KiB", "byte": "B", "bytes": "B",
}  # fmt: skip

# For editors, which see a variable where the checks here see its value.
_VARIABLE = r"|.*\$\{.*"
DURATION_PATTERN = rf"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d){_VARIABLE})$"
SIZE_PATTERN = rf"^([0-9]+(\.[0-9]+)?(B|[kK]B|MB|GB|KiB|MiB|GiB){_VARIABLE})$"
SHARE_PATTERN = rf"^([0-9]+(\.[0-9]+)?%{_VARIABLE})$"

_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(\s*)([A-Za-zµ%]*)")


class UnitError(ValueError):
    """A quantity that cannot be read.

    Attributes:
        hint: How to write it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def duration(value: object) -> float:
    """Return the seconds of `500ms`, `20s`, `5m`, `4h` or `30d`.

    Raises:
        UnitError: It is no such quantity.
    """
    return _quantity(value, "duration", DURATION_UNITS, default="s")


def size(value: object) -> int:
    """Return the bytes of `8MiB`, `25MB` or `64KiB`, rounded down.

    Raises:
        UnitError: It is no such quantity.
    """
    big = isinstance(value, int | float) and value >= 1024
    return int(_quantity(value, "size", SIZE_UNITS, default="B" if big else "MiB"))


def share(value: object) -> float:
    """Return `5%` as 0.05.

    Raises:
        UnitError: It is no share, or more than 100 %.
    """
    if isinstance(value, float) and 0 < value < 1:
        raise UnitError("is a bare number where a share is needed", f"write {value * 100:g}%")
    part = _quantity(value, "share", {"%": 0.01}, default="%")
    if part > 1:
        raise UnitError("is more than the whole", "write 0% to 100%")
    return part


def _quantity(value: object, what: str, units: Mapping[str, float], *, default: str) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnitError(f"is no {what}", f"write a number and a unit, like 20{default}")
    text = str(value)
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise UnitError(f"is no {what}", f"write one number and one of {', '.join(units)}")
    number, space, unit = match.groups()
    if not unit:
        raise UnitError(f"is a bare number where a {what} needs a unit", f"write {number}{default}")
    if unit not in units:
        meant = _unit(unit, units)
        hint = f"write {number}{meant}" if meant else f"units are {', '.join(units)}"
        raise UnitError(f"has no known unit of a {what}", hint)
    if space:
        raise UnitError(f"is no {what}", f"write it without a space: {number}{unit}")
    # Rounded, so that 100ms is 0.1 and 5% is 0.05 rather than their floating-point neighbours.
    return round(float(number) * units[unit], 12)


def _unit(unit: str, units: Mapping[str, float]) -> str | None:
    long = _LONG_UNITS.get(unit.lower())
    if long in units:
        return long
    folded = {known.lower(): known for known in units}
    return folded.get(unit.lower()) or nearest(unit, units)
