from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.cron_line import CronLine, parse_cron_line
from crawler.policy.run_times import Manner, clock_changes, run_times

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
    "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham",
)  # fmt: skip


def instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def first(text: str, zone: str, after: str, manner: Manner, count: int = 3) -> list[str]:
    times = run_times(parse_cron_line(text), ZoneInfo(zone), instant(after), manner)
    return [f"{datetime.fromtimestamp(one, UTC):%Y-%m-%d %H:%M}" for one in islice(times, count)]


@pytest.mark.parametrize(
    ("text", "zone", "after", "runs"),
    [
        ("15 3 * * *", "UTC", "2026-11-29 03:15",
         ["2026-11-30 03:15", "2026-12-01 03:15", "2026-12-02 03:15"]),
        ("15 3 * * *", "Europe/Berlin", "2026-11-29 00:00",
         ["2026-11-29 02:15", "2026-11-30 02:15", "2026-12-01 02:15"]),
        ("0 0 29 2 *", "UTC", "2026-01-01",
         ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("0 12 13 * fri", "UTC", "2026-11-01",
         ["2026-11-06 12:00", "2026-11-13 12:00", "2026-11-20 12:00"]),
        ("*/30 23 31 12 *", "Asia/Kolkata", "2026-01-01",
         ["2026-12-31 17:30", "2026-12-31 18:00", "2027-12-31 17:30"]),
    ],
)  # fmt: skip
def test_the_next_runs_are_those_of_the_zone(
    text: str, zone: str, after: str, runs: list[str]
) -> None:
    assert first(text, zone, after, Manner.EACH_ONCE) == runs


@pytest.mark.parametrize(
    ("manner", "forward", "back"),
    [
        (Manner.EACH_ONCE, ["03-29 01:00", "03-30 00:30"], ["10-25 00:30", "10-26 01:30"]),
        (Manner.AS_THE_CLOCK, ["03-30 00:30", "03-31 00:30"], ["10-25 00:30", "10-25 01:30"]),
        (Manner.AT_MOST_ONCE, ["03-30 00:30", "03-31 00:30"], ["10-25 00:30", "10-26 01:30"]),
    ],
)
def test_a_time_that_is_left_out_or_comes_twice_runs_as_its_manner_has_it(
    manner: Manner, forward: list[str], back: list[str]
) -> None:
    spring = first("30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", manner, 2)
    autumn = first("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", manner, 2)

    assert [one.removeprefix("2026-") for one in spring] == forward
    assert [one.removeprefix("2026-") for one in autumn] == back


def test_several_times_that_are_left_out_are_one_run() -> None:
    assert first("0,30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", Manner.EACH_ONCE, 2) == [
        "2026-03-29 01:00", "2026-03-30 00:00",
    ]  # fmt: skip


def test_a_day_that_a_zone_leaves_out_runs_at_its_end() -> None:
    """Samoa had no 30 December 2011."""
    assert first("0 12 30 12 *", "Pacific/Apia", "2011-01-01", Manner.EACH_ONCE, 2) == [
        "2011-12-30 10:00", "2012-12-29 22:00",
    ]  # fmt: skip


def test_changes_of_the_clocks_are_named_if_they_touch_the_line() -> None:
    touched = clock_changes(parse_cron_line("30 2 * * *"), BERLIN, instant("2026-01-01"), 366)
    untouched = clock_changes(parse_cron_line("15 4 * * *"), BERLIN, instant("2026-01-01"), 366)
    weekdays = clock_changes(parse_cron_line("30 2 * * 1-5"), BERLIN, instant("2026-01-01"), 366)

    assert [(change.at, change.forward, change.times) for change in touched] == [
        (instant("2026-03-29 01:00"), True, ((2, 30),)),
        (instant("2026-10-25 01:00"), False, ((2, 30),)),
    ]
    assert untouched == weekdays == []


lines = st.builds(
    lambda *fields: " ".join(fields),
    st.sampled_from(("0", "30", "*/20", "5,35", "0-59/7", "59")),
    st.sampled_from(("*", "0", "1", "2", "3", "1-3", "*/2", "0,23", "2,14")),
    st.sampled_from(("*", "1", "25-31", "*/9", "29")),
    st.sampled_from(("*", "3,10,11", "4", "12", "1-6")),
    st.sampled_from(("*", "0", "1-5", "sat", "*/3")),
)
changes = {
    zone: [change.at for change in clock_changes(
        parse_cron_line("* * * * *"), ZoneInfo(zone), instant("2009-01-01"), 366 * 20)]
    for zone in ZONES
}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(lines, st.sampled_from(ZONES), st.sampled_from(Manner), st.data())
def test_runs_are_those_of_a_clock_that_is_watched_minute_by_minute(
    text: str, zone: str, manner: Manner, data: st.DataObject
) -> None:
    middle = data.draw(
        st.sampled_from(changes[zone] or [instant("2026-06-01")]), label="a change"
    ) + 60 * data.draw(st.integers(-1500, 1500), label="minutes from it")
    begin, end = middle - 86_400, middle + 86_400
    line = parse_cron_line(text)

    found = takewhile(lambda at: at <= end, run_times(line, ZoneInfo(zone), begin, manner))

    assert list(found) == list(watched(line, ZoneInfo(zone), begin, end, manner))


def watched(
    line: CronLine, zone: ZoneInfo, begin: float, end: float, manner: Manner
) -> Iterator[float]:
    """Yield when a daemon that looks at the clock each minute would run the line."""
    if line.follows_clock and manner is Manner.EACH_ONCE:
        manner = Manner.AS_THE_CLOCK
    minute = timedelta(minutes=1)
    at = begin - 2 * 86_400  # so that what it has seen includes what comes twice
    shown = datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0) - minute
    furthest = shown
    while at <= end:
        now = datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0)
        if manner is Manner.AS_THE_CLOCK:
            due = matches(line, now)
        elif manner is Manner.AT_MOST_ONCE:
            due = matches(line, now) and now > furthest
        else:
            skipped = (furthest + minute * n for n in range(1, (now - furthest) // minute + 1))
            due = any(matches(line, one) for one in skipped)
        furthest = max(furthest, now)
        if due and at > begin:
            yield at
        at += 60


def matches(line: CronLine, shown: datetime) -> bool:
    return (
        shown.minute in line.minutes
        and shown.hour in line.hours
        and line.on(shown.month, shown.day, (shown.weekday() + 1) % 7)
    )
