from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.dates import datetime_in

MIDNIGHT = datetime(2026, 11, 22)  # noqa: DTZ001 - the texts have no zone
EVENING = datetime(2026, 11, 22, 18, 18, 33, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22", " 2026-11-22\n", "22 November 2026", "22nd of November 2026", "22. Nov. 2026",
        "Nov 22, 2026", "NOVEMBER 22ND, 2026", "Sunday, 22 November 2026", "Sun, Nov 22, 2026",
        "22-Nov-2026", "22\n November,\t2026",
    ],
)  # fmt: skip
def test_a_date_alone_is_its_midnight_without_a_zone(text: str) -> None:
    assert datetime_in(text) == MIDNIGHT


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T18:18:33Z", "2026-11-22 18:18:33 +00:00", "2026-11-22T19:18:33+0100",
        "2026-11-22t18:18:33z", "Sun, 22 Nov 2026 18:18:33 +0000", "22 Nov 2026 18:18:33 GMT",
        "Sun, 22 Nov 2026 18:18:33 +0000 (UTC)", "Sun, 22 Nov 2026 13:18:33 EST",
        "November 22, 2026 at 6:18:33 pm UTC", "Nov 22, 2026, 6:18:33 p.m. UTC",
    ],
)  # fmt: skip
def test_a_time_is_read_with_its_zone(text: str) -> None:
    assert datetime_in(text) == EVENING


def test_parts_of_seconds_count() -> None:
    assert datetime_in("2026-11-22T18:18:33.25Z") == EVENING + timedelta(milliseconds=250)


def test_noon_and_midnight_of_twelve_hours_are_told_apart() -> None:
    assert datetime_in("22 Nov 2026 12:30 am") == MIDNIGHT + timedelta(minutes=30)
    assert datetime_in("22 Nov 2026 12:30 pm") == MIDNIGHT + timedelta(hours=12, minutes=30)


@pytest.mark.parametrize(
    "text",
    [
        "01/02/2026", "1.2.2026", "22.11.26", "20261122", "1790000000", "2026", "2026-11",
        "Nov 2026", "31 February 2026", "2026-02-30", "22 Nov 2026 25:00", "22 Nov 2026 13:00 pm",
        "22 Nov 2026 18:00 CET", "2026-11-22T18:18 CET", "22 Movember 2026", "yesterday", "",
        "on 22 November 2026", "22 November 2026 or so", "22 Nov 26", "2026-11-22T18:18:33+99:99",
    ],
)  # fmt: skip
def test_what_could_mean_two_things_or_nothing_is_not_read(text: str) -> None:
    assert datetime_in(text) is None


@given(st.text())
def test_no_text_makes_reading_a_date_raise(text: str) -> None:
    assert isinstance(datetime_in(text), datetime | None)


ZONES = st.integers(min_value=-14 * 60, max_value=14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


@given(st.datetimes(timezones=st.one_of(st.none(), ZONES)))
def test_what_iso_writes_is_read_back(moment: datetime) -> None:
    assert datetime_in(moment.isoformat()) == moment


@given(st.datetimes(min_value=datetime(1000, 1, 1)))  # noqa: DTZ001
def test_month_names_are_read_back_in_either_order(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)

    assert datetime_in(moment.strftime("%d %B %Y %H:%M:%S")) == moment
    assert datetime_in(moment.strftime("%b %d, %Y at %I:%M:%S %p")) == moment
