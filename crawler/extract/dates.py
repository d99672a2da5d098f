"""Dates as people and servers write them, read only where they can mean one thing.

What is read: ISO 8601 (RFC 3339, and dates alone), RFC 5322 §3.3 (`Sun, 22 Nov 2026 18:18:33
+0000`), and dates with the English name of a month. `01/02/2026` is not read, as it is January
in one country and February in the next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

#: Characters; no date is longer, and longer texts are not looked at.
MAX_LENGTH = 80

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTHS: Mapping[str, int] = {
    **{name: number for number, name in enumerate(_NAMES, 1)},
    **{name[:3]: number for number, name in enumerate(_NAMES, 1)},
    "sept": 9,
}
# RFC 5322 §4.3; a name that it does not have may mean several zones.
_ZONES: Mapping[str, int] = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip

_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? )?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_MONTH = r"(?P<month>[a-z]{3,9})"
_TIME = (
    r"(?:,? (?:at )?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?(?: ?(?P<zone>[+-]\d\d:?\d\d|[a-z]{1,3})(?: \([a-z]{1,5}\))?)?)?"
)
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}{_DAY}\.?[ -](?:of )?{_MONTH}\.?,?[ -](?P<year>\d{{4}}){_TIME}", re.ASCII
)
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}{_MONTH}\.? {_DAY},? (?P<year>\d{{4}}){_TIME}", re.ASCII)


def datetime_in(text: str) -> datetime | None:
    """Return the date that a whole text is; None if it is none, or not surely one.

    It has a time zone if the text names one, and is midnight without a time.
    """
    if len(text) > MAX_LENGTH:
        return None
    text = " ".join(text.split())
    iso = _ISO.fullmatch(text.upper())
    try:
        if iso is not None:
            day, time, zone = iso.groups()
            return datetime.fromisoformat(day + (f"T{time}{zone or ''}" if time else ""))
        text = text.lower()
        named = _DAY_FIRST.fullmatch(text) or _MONTH_FIRST.fullmatch(text)
        return None if named is None else _of_parts(named)
    except (ValueError, OverflowError):  # the 31st of February
        return None


def _of_parts(found: re.Match[str]) -> datetime | None:
    month = _MONTHS.get(found["month"])
    hour = int(found["hour"] or 0)
    if month is None:
        return None
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] == "p" else 0)
    day = datetime(  # noqa: DTZ001 - a text without a zone gives a time without one
        int(found["year"]), month, int(found["day"]), hour, int(found["minute"] or 0),
        int(found["second"] or 0),
    )  # fmt: skip
    if not found["zone"]:
        return day
    zone = _zone(found["zone"])
    return None if zone is None else day.replace(tzinfo=zone)


def _zone(name: str) -> timezone | None:
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    if name[0] not in "+-":
        return None
    offset = timedelta(hours=int(name[1:3]), minutes=int(name[-2:]))
    return timezone(-offset if name[0] == "-" else offset)
