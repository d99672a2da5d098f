"""Dates of sitemap and feed entries, as wall-clock seconds.

Sitemaps and Atom write W3C-DTF, RSS the dates of mail (RFC 822). Servers write much else; what is
neither is no date.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_W3C = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?"
    r" ?(Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_MAIL = re.compile(
    r"(?:[a-z]{3,9},? +)?(\d{1,2})[ -]([a-z]{3})[a-z]{0,6}[ -](\d{4}|\d\d)"
    r" +(\d\d?):(\d\d)(?::(\d\d))?(?: *([a-z]{1,4}|[+-]\d{4}))?",
    re.ASCII | re.IGNORECASE,
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
#: RFC 822 §5.1; hours east of Greenwich.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_LONGEST = 60


def latest_second(text: str) -> int | None:
    """Return the last second since 1970 that a date can mean; None when it is no date.

    A day without a time may mean any time of that day, a month any day; a time without a zone is
    taken for UTC. "2026-11-20" is the last second of that day.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    try:
        match = _W3C.fullmatch(text)
        if match is not None:
            return _of_w3c(match)
        match = _MAIL.fullmatch(text)
        return None if match is None else _of_mail(match)
    except (ValueError, OverflowError):  # a 31st of February, the end of the year 9999
        return None


def _of_w3c(match: re.Match[str]) -> int:
    year, month, day, hour, minute, second, zone = match.groups()
    begins = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
    if month is None:
        return _before(begins.replace(year=begins.year + 1))
    if day is None:
        carry, zero_based = divmod(begins.month, 12)
        return _before(begins.replace(year=begins.year + carry, month=zero_based + 1))
    if hour is None:
        return _before(begins + timedelta(days=1))
    return _stamp(begins, hour, minute, second) - _offset(zone)


def _of_mail(match: re.Match[str]) -> int:
    day, name, year_text, hour, minute, second, zone = match.groups()
    month = _MONTHS.index(name.lower()) + 1
    year = int(year_text)
    if len(year_text) == 2:  # RFC 2822 §4.3
        year += 2000 if year < 50 else 1900
    begins = datetime(year, month, int(day), tzinfo=UTC)
    return _stamp(begins, hour, minute, second) - _offset(zone)


def _stamp(day: datetime, hour: str, minute: str, second: str | None) -> int:
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 60:
        raise ValueError(hour)
    clock = timedelta(hours=int(hour), minutes=int(minute), seconds=int(second or 0))
    return int((day + clock).timestamp())


def _before(moment: datetime) -> int:
    return int(moment.timestamp()) - 1


def _offset(zone: str | None) -> int:
    """Return the seconds by which a zone is ahead of UTC; 0 for one that is not known."""
    if zone is None or zone[0] not in "+-":
        return _ZONES.get((zone or "").upper(), 0) * 3600
    seconds = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -seconds if zone[0] == "-" else seconds
