"""Another date than today's, for rehearsals: the crawler's clock and the practice site's day.

The variable CRAWLER_PRACTICE_DATE hands it in, as `2026-02-10` or, by UTC, `2026-02-10T03:15`. It
is for tests only; unset or empty, nothing here has an effect.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from crawler.clock import SystemClock
from crawler.errors import ConfigError

VARIABLE = "CRAWLER_PRACTICE_DATE"

_DAY = 86_400


def rehearsed_day(environ: Mapping[str, str]) -> datetime.date | None:
    """Return the day on which a rehearsal plays, None without one.

    Raises:
        ConfigError: The variable holds no date.
    """
    when = _when(environ)
    return when.date() if isinstance(when, datetime.datetime) else when


def clock_of(environ: Mapping[str, str]) -> SystemClock:
    """Return the machine's clock, or one that a rehearsal has set.

    With a date it shows the machine's time of day on that date; with a date and a time it begins
    there, in each process anew. It goes on like any clock; what is measured by `monotonic` is as
    ever.

    Raises:
        ConfigError: The variable holds no date.
    """
    when = _when(environ)
    machine = SystemClock()
    if when is None:
        return machine
    if isinstance(when, datetime.datetime):
        shift = when.timestamp() - machine.wall()
    else:
        began = datetime.datetime.combine(when, datetime.time(), datetime.UTC).timestamp()
        shift = began - machine.wall() // _DAY * _DAY
    return SystemClock(lambda: machine.wall() + shift)


def _when(environ: Mapping[str, str]) -> datetime.date | datetime.datetime | None:
    text = environ.get(VARIABLE)
    if not text:
        return None
    try:
        if len(text) == len("2026-02-10"):
            return datetime.date.fromisoformat(text)
        return datetime.datetime.strptime(f"{text}Z", "%Y-%m-%dT%H:%M%z")
    except ValueError:
        wish = "write YYYY-MM-DD, or YYYY-MM-DDTHH:MM by UTC"
        raise ConfigError(f"{VARIABLE}: {text!r} is no day; {wish}") from None
