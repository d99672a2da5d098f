from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.checks import Expectations, RunTally, StartTally, combine, judge

REACHED = StartTally(reached=1)


@pytest.mark.parametrize(
    ("tally", "expected", "code", "reason"),
    [
        pytest.param(
            RunTally(done=100, items=10, starts=REACHED), Expectations(min_items=10), 0, None,
            id="good",
        ),
        pytest.param(
            RunTally(done=100, items=9, starts=REACHED), Expectations(min_items=10), 3,
            "9 items are fewer than checks.min_items: 10", id="too-few-items",
        ),
        pytest.param(
            RunTally(done=9, items=9, fill={"price": 0.98}, starts=REACHED),
            Expectations(min_fill={"price": 0.99}), 3,
            "price is filled in 98.0% of items, less than checks.min_fill.price: 99.0%",
            id="a-field-with-gaps",
        ),
        pytest.param(
            RunTally(done=9, items=9, fill={"price": 0.98999}, starts=REACHED),
            Expectations(min_fill={"price": 0.99}), 3, "price is filled in 98.9990% of items",
            id="a-gap-that-would-be-rounded-away",
        ),
        pytest.param(
            RunTally(done=9, items=9, fill={"price": 0.99}, starts=REACHED),
            Expectations(min_fill={"price": 0.99}), 0, None, id="exactly-as-full-as-asked",
        ),
        pytest.param(
            RunTally(done=9, items=9, starts=REACHED), Expectations(min_fill={"prize": 0.5}), 3,
            "no item has a field prize", id="a-field-that-no-item-has",
        ),
        pytest.param(
            RunTally(done=9, starts=REACHED),
            Expectations(min_fill={"price": 0.5}, allow_empty=True), 0, None,
            id="of-no-items-every-share-is-right",
        ),
        pytest.param(
            RunTally(done=94, failed=4, dead=2, items=1, starts=REACHED), Expectations(), 3,
            "6.0% of requests failed, more than checks.max_failed: 5.0%", id="too-many-failed",
        ),
        pytest.param(
            RunTally(done=95, failed=3, dead=2, items=1, starts=REACHED), Expectations(), 0, None,
            id="exactly-as-many-failed-as-may",
        ),
        pytest.param(
            RunTally(done=50, failed=50, broken_links=50, items=1, starts=REACHED),
            Expectations(), 0, None, id="broken-links-do-not-count",
        ),
        pytest.param(
            RunTally(done=5, starts=REACHED), Expectations(), 3, "no item was found", id="no-item"
        ),
        pytest.param(
            RunTally(done=5, starts=REACHED), Expectations(wants_items=False), 0, None,
            id="no-item-wanted",
        ),
        pytest.param(RunTally(done=0), Expectations(), 3, "no page was fetched", id="no-start"),
        pytest.param(
            RunTally(done=0, failed=2), Expectations(max_failed=1.0), 3,
            "no page came to a good end", id="all-failed",
        ),
        pytest.param(RunTally(done=0), Expectations(allow_empty=True), 0, None, id="may-be-empty"),
        pytest.param(
            RunTally(done=0, dead=2, starts=StartTally(unreached=2)), Expectations(), 4,
            "none of 2 start URLs could be reached", id="no-start-reached",
        ),
        pytest.param(
            RunTally(done=0, dead=1, starts=StartTally(unreached=1, other=1)),
            Expectations(allow_empty=True), 4, "none of 1 start URLs", id="duplicates-of-dead",
        ),
        pytest.param(
            RunTally(done=0, starts=StartTally(forbidden=2)), Expectations(), 3,
            "robots.txt forbids the start URLs", id="forbidden",
        ),
        pytest.param(
            RunTally(done=0, starts=StartTally(forbidden=1)), Expectations(allow_empty=True), 3,
            "robots.txt forbids the start URLs", id="forbidden-is-not-empty",
        ),
        pytest.param(
            RunTally(done=0, dead=1, starts=StartTally(unreached=1, forbidden=1)), Expectations(),
            4, "none of 2 start URLs", id="forbidden-and-unreachable",
        ),
        pytest.param(
            RunTally(done=9, items=1, failed=1, starts=StartTally(unreached=1, pending=3)),
            Expectations(max_failed=0.5), 0, None, id="a-limit-left-starts-pending",
        ),
    ],
)  # fmt: skip
def test_a_run_is_judged_by_its_numbers(
    tally: RunTally, expected: Expectations, code: int, reason: str | None
) -> None:
    judgement = judge(tally, expected)

    assert judgement.exit_code == code
    assert (reason or "") in "; ".join(judgement.reasons)
    assert bool(judgement.reasons) is (code != 0)


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 3], 3),
        ([3, 4], 4),
        ([3, 4, 6], 6),
        ([6, 5, 4], 5),
        ([5, 1, 6], 1),
        ([1, 5, 130], 130),
        ([143, 3], 143),
        ([0, 75], 75),
    ],
)
def test_the_gravest_code_counts(codes: list[int], code: int) -> None:
    assert combine(codes) == code


@given(st.permutations([0, 1, 3, 4, 5, 6]), st.integers(0, 6))
def test_the_order_in_which_codes_come_does_not_matter(codes: list[int], count: int) -> None:
    assert combine(codes[:count]) == combine(sorted(codes[:count]))
