from __future__ import annotations

from typing import Any

import pytest

from crawler.engine.bottleneck import Bottleneck
from crawler.engine.tally import OFFSITE_HOSTS, Tally, decode_tally, encode_tally
from crawler.messages import NewRequest, QueuedRequest
from crawler.outcome import (
    ErrorClass,
    ItemProblem,
    ItemRecord,
    PageOutcome,
    Quarantined,
    RuleHit,
    SkipReason,
    State,
)


def outcome(state: State = State.DONE, *, is_start: bool = False, **fields: Any) -> PageOutcome:
    request = QueuedRequest(
        id=1, key=1, url="http://a.example/", host="a.example", is_start=is_start
    )
    return PageOutcome(request=request, state=state, **fields)


@pytest.mark.parametrize(
    ("state", "reason", "column"),
    [
        (State.DONE, None, "reached"), (State.FAILED, ErrorClass.CALLBACK, "reached"),
        (State.FAILED, ErrorClass.STATUS, "unreached"), (State.DEAD, ErrorClass.DNS, "unreached"),
        (State.SKIPPED, SkipReason.ROBOTS, "forbidden"), (State.SKIPPED, SkipReason.TYPE, "other"),
        (State.SKIPPED, SkipReason.REDIRECTED, None), (State.PENDING, ErrorClass.SERVER, None),
    ],
)  # fmt: skip
def test_each_end_of_a_start_has_its_column(
    state: State, reason: str | None, column: str | None
) -> None:
    tally = Tally()

    tally.count_page(outcome(state, reason=reason, is_start=True))

    columns = {name: getattr(tally.starts, name) for name in tally.starts.__struct_fields__}
    assert columns == dict.fromkeys(columns, 0) | ({column: 1} if column else {})


def test_fields_that_sites_make_up_are_counted_one_by_one_only_up_to_a_number() -> None:
    tally = Tally()

    for number in range(3000):
        problem = ItemProblem(f"made_up_{number}", 1, "is not in the schema")
        tally.count_quarantined(Quarantined("B", {}, (problem,)))

    assert len(tally.problems) == 1001
    assert tally.problems["B.*"] == 2000


def test_a_redirected_start_counts_as_other_only_if_its_hop_will_not_count() -> None:
    moved = outcome(State.SKIPPED, reason=SkipReason.REDIRECTED, is_start=True)
    tally = Tally()

    tally.count_hop(moved, led_on=True)
    assert tally.starts.other == 0
    tally.count_hop(moved, led_on=False)
    tally.count_hop(outcome(State.SKIPPED, reason=SkipReason.REDIRECTED), led_on=False)

    assert tally.starts.other == 1


def test_hosts_a_start_leads_to_join_once_unless_they_are_out_of_scope() -> None:
    tally = Tally()
    hops = [
        NewRequest(url="http://b.example/"), NewRequest(url="http://a.example/x"),
        NewRequest(url="http://c.example/", skip="scope"),
    ]  # fmt: skip

    for _ in range(2):
        tally.count_page(
            outcome(State.SKIPPED, reason=SkipReason.REDIRECTED, is_start=True, requests=hops)
        )

    assert tally.joined_hosts == ["b.example"]


def test_only_links_that_are_gone_are_broken() -> None:
    tally = Tally()
    for status in (404, 410, 403):
        tally.count_page(outcome(State.FAILED, status=status, reason=ErrorClass.STATUS))
    tally.count_page(outcome(State.FAILED, status=404, reason=ErrorClass.STATUS, is_start=True))

    assert tally.broken_links == 2
    assert tally.http == {"404": 2, "410": 1, "403": 1}
    assert tally.errors == {"status": 4}


def test_fields_count_as_filled_when_they_say_something() -> None:
    tally = Tally()

    tally.count_item(ItemRecord("x", {"a": 0, "b": "", "c": None, "d": [], "e": False}))

    assert tally.items["x"].filled == {"a": 1, "b": 0, "c": 0, "d": 0, "e": 1}
    assert tally.items["x"].balanced


def test_hosts_out_of_scope_are_bounded_and_their_links_all_counted() -> None:
    tally = Tally()
    for number in range(OFFSITE_HOSTS + 50):
        tally.count_page(outcome(offsite={f"h{number}.example": (2, "http://x/")}))

    assert len(tally.offsite) == OFFSITE_HOSTS
    assert tally.offsite_links == 2 * (OFFSITE_HOSTS + 50)


def test_a_tally_is_read_as_it_was_stored() -> None:
    tally = Tally(worked=3.5)
    tally.count_item(ItemRecord("x", {"a": 1}))
    tally.count_page(outcome(status=200, offsite={"o.example": (1, "http://o.example/")}))

    assert decode_tally(encode_tally(tally)) == tally
    assert decode_tally(None) == Tally()


def test_shares_add_up_to_the_whole_and_name_what_was_waited_for() -> None:
    bottleneck = Bottleneck()
    bottleneck.begin("politeness", 0.0)
    bottleneck.end(30.0)
    bottleneck.begin("network", 50.0)
    bottleneck.end(60.0)

    shares = bottleneck.shares(100.0, 20.0)

    assert shares == {"politeness": 0.6, "network": 0.2, "output": 0.0, "cpu": 0.2}


def test_a_crawl_that_never_waited_has_no_shares_to_tell() -> None:
    assert Bottleneck().shares(0.0, 0.0) == {}


def test_what_a_page_without_an_item_lacks_is_no_gap_in_an_item() -> None:
    tally = Tally()
    tally.count_hits(outcome(hits=[RuleHit("extract.0", 2, {"price": 1})]))
    tally.count_hits(outcome(hits=[RuleHit("extract.0", 0, {"price": 1, "title": 1})]))
    tally.count_hits(outcome(hits=[RuleHit("extract.0", 1)]))

    rule = tally.rules["extract.0"]
    assert (rule.pages, rule.found, rule.empty) == (3, 3, 1)
    assert rule.missing == {"price": 1}
    assert rule.sample == "http://a.example/"
