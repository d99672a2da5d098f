from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from crawler.messages import NewRequest, QueuedRequest, StoredCookie
from crawler.outcome import (
    ItemProblem,
    ItemRecord,
    LinkBatch,
    PageOutcome,
    Quarantined,
    RuleHit,
    State,
)
from crawler.workers.process.messages import Ended, Report, pack, sayable, unpack

REQUEST = QueuedRequest(id=7, key=1 << 63, url="http://a.example/", host="a.example", depth=3)


def travelled(outcome: PageOutcome) -> PageOutcome:
    raw = msgspec.msgpack.encode([pack(outcome)])
    (ended,) = msgspec.msgpack.decode(raw, type=list[Report])
    return unpack(ended, REQUEST)  # type: ignore[arg-type]


def test_an_outcome_arrives_as_it_left() -> None:
    cookie = StoredCookie("a.example", "/", "s", "1", True, False, None, 1.5)
    kept: dict[str, Any] = {
        "request": REQUEST, "state": State.DONE, "status": 200, "content_type": "text/html",
        "links": [LinkBatch(["http://a.example/1"], "book", 1)],
        "requests": [NewRequest(url="http://a.example/2", payload=b"\x00\xff")],
        "items": [ItemRecord("Book", {"price": Decimal("1.50"), "on": date(2026, 1, 2)})],
        "encoded": [b'{"price":"1.50"}'],
        "quarantined": [
            Quarantined("Book", {"t": (1, 2)}, (ItemProblem("t", Decimal("NaN"), "is odd"),))
        ],
        "hits": [RuleHit("extract.0", 1, {"price": 1})], "cookies": [cookie],
        "offsite": {"b.example": (2, "http://b.example/")}, "nofollow": 1,
        "spider_state": None, "retry_after": 2.5, "size": 10, "elapsed": 0.25,
        "flags": ("length_unknown",), "notes": ("odd",), "source_files": 1, "body": b"x",
        "close_reason": "enough", "sent": True,
    }  # fmt: skip

    arrived = travelled(PageOutcome(**kept))

    problem = arrived.quarantined[0].problems[0]
    assert str(problem.value) == "NaN"
    kept["quarantined"] = arrived.quarantined
    assert arrived == PageOutcome(**kept)
    assert arrived.quarantined[0].data == {"t": (1, 2)}


MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.decimals(allow_nan=False) | MOMENTS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(), PLAIN, max_size=5))
def test_items_keep_the_types_of_their_values(data: dict[str, Any]) -> None:
    outcome = PageOutcome(request=REQUEST, state=State.DONE, items=[ItemRecord("It", data)])

    arrived = travelled(outcome)

    assert arrived.items == [ItemRecord("It", data)]
    assert repr(arrived.items[0].data) == repr(data)


def test_a_time_in_an_item_is_a_time_in_the_parent() -> None:
    when = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    outcome = PageOutcome(
        request=REQUEST, state=State.DONE, items=[ItemRecord("It", {"when": when})]
    )

    assert travelled(outcome).items[0].data == {"when": when}


def test_the_links_of_a_page_that_cannot_be_said_are_said_all_the_same() -> None:
    links = [LinkBatch(["http://a.example/1"])]
    outcome = PageOutcome(request=REQUEST, state=State.DONE, error="\ud800", links=links)

    said = sayable(pack(outcome))

    assert isinstance(said, Ended)
    assert (said.outcome.state, said.outcome.links) == (State.FAILED, links)
    assert msgspec.msgpack.encode([said])
