from __future__ import annotations

import datetime

import pytest

from crawler.app.job.rehearsal import VARIABLE, clock_of, rehearsed_day
from crawler.clock import SystemClock
from crawler.errors import ConfigError

DAY = 86_400


def shown(text: str) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(clock_of({VARIABLE: text}).wall(), datetime.UTC)


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}])
def test_without_the_variable_the_clock_is_the_machines(environ: dict[str, str]) -> None:
    before = SystemClock().wall()
    seen = clock_of(environ).wall()

    assert before <= seen <= SystemClock().wall()
    assert rehearsed_day(environ) is None


def test_a_date_keeps_the_time_of_day_of_the_machine() -> None:
    before = SystemClock().wall()
    seen = clock_of({VARIABLE: "2026-02-10"}).wall()
    after = SystemClock().wall()

    assert before % DAY <= seen % DAY or before // DAY < after // DAY
    assert shown("2026-02-10").date() == datetime.date(2026, 2, 10)


def test_a_date_with_a_time_begins_there() -> None:
    text = "2026-02-10T03:15"
    late = shown(text) - datetime.datetime(2026, 2, 10, 3, 15, tzinfo=datetime.UTC)

    assert datetime.timedelta() <= late < datetime.timedelta(minutes=10)
    assert rehearsed_day({VARIABLE: text}) == datetime.date(2026, 2, 10)


def test_it_goes_on_and_delays_are_as_ever() -> None:
    clock = clock_of({VARIABLE: "2026-02-10T03:15"})

    assert clock.wall() < clock.wall()
    assert abs(clock.monotonic() - SystemClock().monotonic()) < 60


@pytest.mark.parametrize(
    "text", ["soon", "2026-02-30", "20260210", "10.02.2026", "2026-02-10T25:00"]
)
def test_what_is_no_date_is_refused_with_what_to_write(text: str) -> None:
    for read in (clock_of, rehearsed_day):
        with pytest.raises(ConfigError, match=r"CRAWLER_PRACTICE_DATE: .* is no day; write YYYY"):
            read({VARIABLE: text})
