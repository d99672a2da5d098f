from __future__ import annotations

import pytest

from crawler.policy.gone import GoneRules, at_once, is_gone, too_many


def test_an_item_is_gone_after_as_many_misses_as_the_job_says() -> None:
    assert [is_gone(n, GoneRules(after_misses=3)) for n in (1, 2, 3, 4)] == [
        False, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "wanted"),
    [({}, 0), ({0: 5}, 5), ({0: 4, 1: 4, 2: 4}, 4), ({1: 90}, 0), ({2: 7, 3: 2, 0: 1}, 9)],
)
def test_what_was_missed_before_counts_again_when_it_would_be_gone(
    missing: dict[int, int], wanted: int
) -> None:
    assert at_once(missing, GoneRules(after_misses=3)) == wanted


@pytest.mark.parametrize(
    ("missing", "live", "wanted"),
    [(0, 0, False), (9, 9, False), (10, 100, False), (10, 99, True), (11, 100, True)],
)
def test_more_than_the_share_is_too_much_but_never_a_handful(
    missing: int, live: int, wanted: bool
) -> None:
    assert too_many(missing, live, GoneRules(max_share=0.1)) is wanted
