from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.retry_after import MAX_WAIT, retry_after

NOW = 1_700_000_000


def date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 7 ", 7.0, id="spaces"),
        pytest.param("0", 0.0, id="zero"),
        pytest.param("1.5", 1.5, id="fraction"),
        pytest.param("-5", 0.0, id="negative"),
        pytest.param("1000000000000", MAX_WAIT, id="10-to-the-12"),
        pytest.param(date(NOW + 90), 90.0, id="date"),
        pytest.param(date(NOW - 90), 0.0, id="date-in-the-past"),
        pytest.param(date(NOW + 9_000_000), MAX_WAIT, id="date-far-off"),
        pytest.param("soon", None, id="garbage"),
        pytest.param("", None, id="empty"),
        pytest.param("9" * 500, None, id="endless-number"),
        pytest.param("nan", None, id="nan"),
        pytest.param("1e3", None, id="exponent"),
    ],
)
def test_a_field_becomes_seconds(value: str, wait: float | None) -> None:
    assert retry_after(value, date="", now=NOW) == wait


def test_a_date_is_relative_to_the_clock_of_its_server() -> None:
    three_days_slow = NOW - 3 * 86_400

    wait = retry_after(date(three_days_slow + 60), date=date(three_days_slow), now=NOW)

    assert wait == 60.0


@pytest.mark.parametrize("sent", ["", "yesterday", date(0)])
def test_without_a_sane_date_our_own_clock_counts(sent: str) -> None:
    assert retry_after(date(NOW + 60), date=sent, now=NOW) == 60.0


@given(value=st.text(max_size=60), sent=st.text(max_size=60))
def test_the_wait_never_leaves_its_bounds(value: str, sent: str) -> None:
    wait = retry_after(value, date=sent, now=NOW)

    assert wait is None or 0 <= wait <= MAX_WAIT
