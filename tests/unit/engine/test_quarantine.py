from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from crawler.engine.output import Output, OutputLines
from crawler.engine.quarantine import page_lines, quarantine_line
from crawler.messages import QueuedRequest
from crawler.outcome import ItemProblem, ItemRecord, PageOutcome, Quarantined, State
from crawler.testing.memory_sink import MemorySink

PRICE = ItemProblem("price", "free", "is no number")
STOCK = ItemProblem("offers.0.stock", None, "is missing")
BROKEN = Quarantined("Book", {"title": "T", "price": "free"}, (PRICE, STOCK))


def outcome(*broken: Quarantined, good: int = 0) -> PageOutcome:
    request = QueuedRequest(
        id=1, key=0xAB, url="http://a.example/", host="a.example", fetch_no=2, depth=3,
        parent_url="http://a.example/from",
    )  # fmt: skip
    return PageOutcome(
        request=request, state=State.DONE, quarantined=list(broken), encoded=[b"{}"] * good,
        items=[ItemRecord("Book", {})] * good,
    )  # fmt: skip


def read(line: bytes) -> dict[str, Any]:
    assert b"\n" not in line
    decoded: dict[str, Any] = msgspec.json.decode(line)
    return decoded


def test_a_line_says_what_is_wrong_with_which_item_of_which_page() -> None:
    (line,) = page_lines(outcome(BROKEN))

    assert read(line) == {
        "item": "Book", "url": "http://a.example/", "_id": "00000000000000ab-2-q0",
        "field": "price", "value": "free", "reason": "is no number",
        "problems": [
            {"field": "price", "value": "free", "reason": "is no number"},
            {"field": "offers.0.stock", "value": None, "reason": "is missing"},
        ],
        "data": {"title": "T", "price": "free"},
    }  # fmt: skip


def test_ids_in_quarantine_are_counted_apart_from_those_of_good_items() -> None:
    good, bad = MemorySink("good"), MemorySink("bad")
    lines = OutputLines([Output(good)], {}, bad)
    lines.add_page(outcome(BROKEN, BROKEN, good=2), 0.0)
    lines.add_broken_start(BROKEN, 5)

    marks = lines.write()

    prefix = "00000000000000ab-2-"
    assert [item["_id"] for item in good.records] == [f"{prefix}0", f"{prefix}1"]
    assert [item["_id"] for item in bad.records] == [f"{prefix}q0", f"{prefix}q1", "start-q5"]
    assert [mark.sink for mark in marks] == ["good", "bad"]
    assert bad.records[2]["url"] is None


def test_without_broken_items_quarantine_is_not_touched() -> None:
    bad = MemorySink()
    bad.failing = AssertionError("touched")
    lines = OutputLines([], {}, bad)
    lines.add_page(outcome(good=1), 0.0)

    assert lines.write() == []


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("1.50"), 1.5),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (float("nan"), None),
        (1j, "1j"),
        ("half \ud800", r"'half \ud800'"),
    ],
)
def test_whatever_a_schema_complains_about_can_be_written(value: object, written: object) -> None:
    problem = ItemProblem("f", value, "is odd")

    line = read(quarantine_line(Quarantined("K", {"f": value}, (problem,)), None, "x-q0"))

    assert (line["field"], line["value"], line["reason"]) == ("f", written, "is odd")
    assert (line["_id"], len(line["problems"])) == ("x-q0", 1)


def test_an_item_without_an_end_is_shown_as_far_as_it_goes() -> None:
    deep: list[Any] = []
    deep.append(deep)

    line = read(quarantine_line(Quarantined("K", {"f": deep}, (PRICE,)), None, "x-q0"))

    assert (line["field"], list(line["data"])) == ("price", ["repr"])
