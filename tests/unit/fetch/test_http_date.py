from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.http_date import parse_date


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "06 Nov 1994 08:49:37",
        "Sun, 6-nov-1994 8:49:37 gmt",
        "1994 november 6 08:49:37",
    ],
)
def test_every_form_in_use_is_read(text: str) -> None:
    assert parse_date(text) == 784_111_777.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "Sun, 31 Feb 2021 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1600 08:00:00 GMT",
        "Sun, 00 Nov 1994 08:00:00 GMT",
        "Sun, 06 Nov 1994",
        "08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT" + " " * 200,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(("short", "year"), [("69", "2069"), ("70", "1970"), ("99", "1999")])
def test_years_of_two_digits_are_of_this_century_up_to_69(short: str, year: str) -> None:
    assert parse_date(f"01 Jan {short} 00:00:00") == parse_date(f"01 Jan {year} 00:00:00")


@given(st.integers(0, 4_000_000_000))
def test_what_is_formatted_is_read_back(seconds: int) -> None:
    assert parse_date(formatdate(seconds, usegmt=True)) == seconds


@given(st.text(max_size=150))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(parse_date(text), float | None)
