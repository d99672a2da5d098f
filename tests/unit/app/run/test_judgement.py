from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.app.run.judgement import judge_run
from crawler.app.run.summing_up import fill_share
from crawler.config.models.job import Job
from crawler.engine.item_tally import ItemTally
from crawler.engine.tally import Starts, Tally
from crawler.interfaces import Books


def kind(out: int, quarantined: int = 0, **filled: int) -> ItemTally:
    return ItemTally(in_=out + quarantined, out=out, quarantined=quarantined, filled=filled)


def reasons(items: dict[str, ItemTally], limit: int | None = None, **checks: Any) -> list[str]:
    job = Job.model_validate(
        {"name": "job", "start": {"urls": ["http://a.example/"]}, "checks": checks}
    )
    tally = Tally(items=items, starts=Starts(given=1, reached=1))
    books = Books(known=9, done=9)
    return list(judge_run(job, books, tally, limit=limit, start_error=None).reasons)


def test_a_field_is_judged_over_all_kinds_that_know_it_and_no_others() -> None:
    items = {"Book": kind(90, price=90), "Offer": kind(10, price=5), "Shop": kind(100, name=100)}

    assert reasons(items, min_fill={"price": "95%"}) == []
    assert len(reasons(items, min_fill={"price": "96%"})) == 1


def test_items_in_quarantine_neither_fill_a_field_nor_leave_it_empty() -> None:
    assert reasons({"Book": kind(10, 90, price=10)}, min_fill={"price": "100%"}) == []


@pytest.mark.parametrize(("limit", "good"), [(None, False), (5, True), (6, False)])
def test_a_run_that_was_limited_owes_no_more_items_than_that(limit: int | None, good: bool) -> None:
    assert (reasons({"Book": kind(5)}, limit, min_items=100) == []) is good


@given(st.integers(1, 10**7), st.data())
def test_a_share_that_is_written_down_is_1_or_0_only_of_all_or_nothing(
    total: int, data: st.DataObject
) -> None:
    full = data.draw(st.integers(0, total))

    part = fill_share(full, total)

    assert (part == 1.0) == (full == total)
    assert (part == 0.0) == (full == 0)
    assert part == pytest.approx(full / total, abs=0.0002)
