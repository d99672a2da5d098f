"""How long a server asks to be left alone (RFC 9110 §10.2.3)."""

from __future__ import annotations

import re

from crawler.fetch.http_date import parse_date

#: Longest wait believed, in seconds; beyond it the page is better given back to its queue.
MAX_WAIT = 3600.0

#: A Date before 2000 comes from a machine that never learnt the time.
_EPOCH_OF_SANE_CLOCKS = 946_684_800.0

_SECONDS = re.compile(r"[+-]?\d{1,18}(\.\d{1,9})?", re.ASCII)


def retry_after(value: str, *, date: str, now: float) -> float | None:
    """Return the wait that a Retry-After field asks for.

    Args:
        value: The field; seconds or a date.
        date: The answer's own Date field, "" for none. A date is read relative to it, as the
            two come from the same clock, which need not be right.
        now: Wall-clock seconds, used when there is no sane Date.

    Returns:
        Seconds between 0 (also for the past) and `MAX_WAIT`; None when the field is unreadable.
    """
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return _bounded(float(value))
    until = parse_date(value)
    if until is None:
        return None
    sent = parse_date(date)
    base = sent if sent is not None and sent >= _EPOCH_OF_SANE_CLOCKS else now
    return _bounded(until - base)


def _bounded(wait: float) -> float:
    return min(max(wait, 0.0), MAX_WAIT)
