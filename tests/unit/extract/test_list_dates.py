from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.list_dates import latest_second


def second(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T10:30:05Z", second(2026, 11, 20, 10, 30, 5)),
        ("2026-11-20T10:30:05.123456+01:00", second(2026, 11, 20, 9, 30, 5)),
        ("2026-11-20t10:30-0530", second(2026, 11, 20, 16, 0)),
        (" 2026-11-20 10:30:05 ", second(2026, 11, 20, 10, 30, 5)),
        ("2016-12-31T23:59:60Z", second(2017, 1, 1)),
    ],
)
def test_a_sitemap_date_with_a_time_is_that_second(text: str, expected: int) -> None:
    assert latest_second(text) == expected


@pytest.mark.parametrize(
    ("text", "next_begins"),
    [
        ("2026-11-20", second(2026, 11, 21)),
        ("2026-11", second(2026, 12, 1)),
        ("2026-12", second(2027, 1, 1)),
        ("2026", second(2027, 1, 1)),
    ],
)
def test_a_date_without_a_time_may_be_as_late_as_its_last_second(
    text: str, next_begins: int
) -> None:
    assert latest_second(text) == next_begins - 1


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 02 Jan 2006 15:04:05 -0700",
        "2 Jan 2006 22:04:05 GMT",
        "Monday, 02-Jan-06 22:04:05 UTC",
        "Mon, 2 January 2006 17:04:05 EST",
        "02 jan 2006 22:04:05",
    ],
)
def test_a_feed_date_is_read_as_mail_writes_it(text: str) -> None:
    assert latest_second(text) == second(2006, 1, 2, 22, 4, 5)


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2026-13", "2026-02-30", "2026-11-20T25:00Z", "0000", "9999", "20/11/2026",
        "Mon, 32 Jan 2006 15:04:05 GMT", "Mon, 02 Foo 2006 15:04:05 GMT", "1" * 1000,
        "2026-11-20T10:61:00Z", "1763632800",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    assert latest_second(text) is None


@given(st.integers(-60_000_000_000, 250_000_000_000))
def test_every_second_survives_being_written(moment: int) -> None:
    written = datetime.fromtimestamp(moment, UTC).isoformat()

    assert latest_second(written) == moment


@given(st.text())
def test_any_text_gives_a_number_or_none(text: str) -> None:
    found = latest_second(text)

    assert found is None or isinstance(found, int)
