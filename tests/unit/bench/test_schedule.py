"""The share of the ideal schedule and requests that came early, out of when hosts were asked."""

from __future__ import annotations

import pytest

from scripts.bench.schedule import NothingSeen, share, violations


def test_hosts_that_are_asked_the_moment_their_delay_has_passed_make_the_whole_share() -> None:
    times = {"a": [0.0, 1.0, 2.0], "b": [1.0, 2.0]}

    assert share(times, 1.0, 2, end=2.0) == 1.0
    assert violations(times, 1.0) == []


def test_a_late_request_and_a_host_that_never_came_cost_their_part() -> None:
    assert share({"a": [0.0, 2.0, 4.0]}, 1.0, 1, end=4.0) == 0.5
    assert share({"a": [0.0, 1.0]}, 1.0, 2, end=1.0) == 0.5


def test_an_early_request_is_a_violation_but_for_the_slack_of_the_way() -> None:
    assert violations({"a": [0.0, 0.96, 1.86]}, 1.0) == [pytest.approx(0.9)]


@pytest.mark.parametrize("times", [{}, {"a": [5.0]}])
def test_a_crawl_in_which_no_host_came_round_says_so_in_words(
    times: dict[str, list[float]],
) -> None:
    with pytest.raises(NothingSeen, match="no host of 2,000 was asked twice"):
        share(times, 1.0, 2_000, end=5.0)
