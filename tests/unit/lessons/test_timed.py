from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.lessons.timed import break_even, median_of


def test_an_action_is_done_as_often_as_asked() -> None:
    seen: list[str] = []

    median_of(3, seen.append, "done")

    assert seen == ["done"] * 3


def test_the_break_even_lies_where_the_line_crosses_one() -> None:
    assert break_even({0.1: 0.5, 10.0: 1.5}) == pytest.approx(1.0)


def test_the_last_crossing_counts() -> None:
    assert break_even({0.1: 1.2, 1.0: 0.5, 100.0: 1.5}) == pytest.approx(10.0)


def test_a_way_that_loses_in_the_end_never_pays() -> None:
    assert break_even({0.1: 0.5, 1.0: 1.2, 10.0: 0.9}) == math.inf


def test_a_way_that_always_gains_pays_from_the_smallest_size() -> None:
    assert break_even({0.1: 1.1, 1.0: 1.5}) == 0.1


@given(st.lists(st.floats(0.1, 3.0), min_size=2, max_size=6))
def test_a_break_even_lies_among_the_sizes_or_is_never(gains: list[float]) -> None:
    sizes = [10.0**place for place in range(len(gains))]

    found = break_even(dict(zip(sizes, gains, strict=True)))

    assert found == math.inf or sizes[0] <= found <= sizes[-1] * (1 + 1e-9)
