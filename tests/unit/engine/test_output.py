from __future__ import annotations

from typing import Any

import msgspec
import pytest

from crawler.engine.output import Output, OutputLines
from crawler.engine.transforms import Settled
from crawler.errors import OutputError
from crawler.interfaces import Transformed, WaitingItem
from crawler.messages import QueuedRequest
from crawler.outcome import ItemRecord, PageOutcome, Standing, State
from crawler.testing.memory_sink import MemorySink

STAMP = {"_job": "j", "_run": "r"}


def outcome(*lines: bytes) -> PageOutcome:
    request = QueuedRequest(
        id=1, key=0xAB, url="http://a.example/", host="a.example", fetch_no=2, depth=3,
        parent_url="http://a.example/from",
    )  # fmt: skip
    return PageOutcome(
        request=request, state=State.DONE, encoded=list(lines),
        items=[ItemRecord("x", {}) for _ in lines],
    )  # fmt: skip


def written(provenance: str, *lines: bytes) -> list[dict[str, Any]]:
    sink = MemorySink()
    output = OutputLines([Output(sink, provenance)], STAMP)
    output.add_page(outcome(*lines), 5.0)
    output.write()
    return sink.records


def test_an_items_id_is_made_of_fingerprint_fetch_and_place() -> None:
    first, second = written("url", b'{"a":1}', b"{}")

    assert first == {"a": 1, "_url": "http://a.example/", "_id": "00000000000000ab-2-0"}
    assert second == {"_url": "http://a.example/", "_id": "00000000000000ab-2-1"}


def test_no_provenance_leaves_an_item_as_it_is() -> None:
    assert written("none", b'{"a":1}', b"{}") == [{"a": 1}, {}]


def test_full_provenance_says_which_run_when_and_from_where() -> None:
    (record,) = written("full", b'{"a":1}')

    assert record == {
        "a": 1, "_url": "http://a.example/", "_id": "00000000000000ab-2-0", "_job": "j",
        "_run": "r", "_at": 5.0, "_depth": 3, "_from": "http://a.example/from",
    }  # fmt: skip


def test_an_item_of_start_has_no_url_and_an_id_of_its_own() -> None:
    sinks = [MemorySink(), MemorySink()]
    lines = OutputLines([Output(sinks[0]), Output(sinks[1], "none")], STAMP)

    lines.add_start_item(b'{"a":1}', 4)
    lines.write()

    assert sinks[0].records == [{"a": 1, "_url": None, "_id": "start-4"}]
    assert sinks[1].records == [{"a": 1}]


def test_what_is_printed_waits_for_the_commit_and_has_no_mark() -> None:
    marked, printed = MemorySink("marked"), MemorySink("printed")
    lines = OutputLines([Output(marked), Output(printed, after_commit=True)], STAMP)
    lines.add_page(outcome(b"{}"), 0.0)

    marks = lines.write()
    assert [mark.sink for mark in marks] == ["marked"]
    assert (len(marked.lines), len(printed.lines)) == (1, 0)

    lines.print_committed()
    assert (len(marked.lines), len(printed.lines)) == (1, 1)


def test_a_batch_without_items_touches_no_sink() -> None:
    sink = MemorySink()
    sink.failing = OutputError("full")
    lines = OutputLines([Output(sink)], STAMP)
    lines.add_page(outcome(), 0.0)

    assert lines.write() == []


def test_a_line_stays_one_line_whatever_its_page_is_called() -> None:
    sink = MemorySink()
    lines = OutputLines([Output(sink)], STAMP)
    odd = outcome(b"{}")
    odd.request = msgspec.structs.replace(odd.request, url='http://a.example/"\n')
    lines.add_page(odd, 0.0)
    lines.write()

    assert b"\n" not in sink.lines[0]


@pytest.mark.parametrize("provenance", ["none", "url", "full"])
def test_lines_are_in_the_order_in_which_items_were_given(provenance: str) -> None:
    records = written(provenance, *(b'{"n":%d}' % n for n in range(5)))

    assert [record["n"] for record in records] == [0, 1, 2, 3, 4]


def test_an_output_gets_only_items_of_the_standing_that_it_asks_for() -> None:
    page = outcome(b'{"a":0}', b'{"a":1}', b'{"a":2}', b'{"a":3}')
    standings = (Standing.NEW, Standing.UNCHANGED, Standing.CHANGED, None)
    page.items = [ItemRecord("x", {}, one) for one in standings]
    sinks = [MemorySink(), MemorySink()]
    some = frozenset((Standing.NEW, Standing.CHANGED))

    lines = OutputLines([Output(sinks[0], only=some), Output(sinks[1])], STAMP)
    lines.add_page(page, 5.0)
    lines.add_start_item(b'{"a":4}', 0)
    lines.write()

    got = [[record["a"] for record in sink.records] for sink in sinks]
    assert got == [[0, 2, 3, 4], [0, 1, 2, 3, 4]]
    assert [str(record["_id"]).rpartition("-")[2] for record in sinks[0].records[:3]] == list("023")


@pytest.mark.parametrize(("standing", "count"), [(Standing.NEW, 2), (Standing.UNCHANGED, 0)])
def test_what_transforms_make_of_an_item_stands_as_the_item_did(
    standing: Standing, count: int
) -> None:
    sink = MemorySink()
    waiting = WaitingItem(item_id="i", name="x", data=b"", standing=standing)
    result = Transformed(records=[{"a": 1}, {"a": 2}])

    lines = OutputLines([Output(sink, only=frozenset((Standing.NEW,)))], STAMP)
    lines.add_settled(Settled(waiting, result), 5.0)
    lines.write()

    assert len(sink.records) == count
