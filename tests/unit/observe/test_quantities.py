from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.observe.quantities import about, clock_text, share, size, took


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0.0, "0%"), (1.0, "100%"), (0.5, "50%"), (0.998, "99.8%"), (0.99999, "99.9%"),
        (0.00001, "0.1%"), (0.003, "0.3%"), (0.985, "98.5%"), (0.01, "1%"),
    ],
)  # fmt: skip
def test_a_share_is_short_but_never_rounded_to_all_or_nothing(part: float, text: str) -> None:
    assert share(part) == text


@given(st.floats(0, 1))
def test_only_nothing_is_0_percent_and_only_everything_100(part: float) -> None:
    assert (share(part) == "0%") == (part == 0)
    assert (share(part) == "100%") == (part == 1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (45, "45 s"), (600, "10 min"), (12_000, "3 h 20 min"), (400_000, "5 days")],
)
def test_a_time_to_come_is_no_more_exact_than_it_can_be(seconds: float, text: str) -> None:
    assert about(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.06, "0.1 s"), (59.94, "59.9 s"), (59.97, "1 min 00 s"), (842, "14 min 02 s"),
     (3600, "1 h 00 min"), (11_100, "3 h 05 min")],
)  # fmt: skip
def test_a_time_that_has_passed_never_has_60_seconds(seconds: float, text: str) -> None:
    assert took(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (41_000_000, "41 MB"), (999_900, "1.0 MB"),
     (5e15, "5000 TB")],
)  # fmt: skip
def test_sizes_have_two_or_three_digits(count: float, text: str) -> None:
    assert size(count) == text


def test_hours_go_beyond_a_day() -> None:
    assert clock_text(90_061.9) == "25:01:01"
