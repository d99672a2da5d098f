from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.items import encode_fields
from crawler.outcome import ItemRecord
from crawler.policy.changes import (
    ChangeRules,
    Event,
    difference,
    follows_address,
    item_keys,
    item_print,
    key_of,
    read_fields,
    streaks,
)

PLAIN = ChangeRules()
URL = "https://a.example/b"
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=4)
    | st.decimals(-1000, 1000, places=2)
)  # fmt: skip
VALUES = SCALARS | st.lists(SCALARS, max_size=2)
FIELDS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def stored(fields: dict[str, object]) -> dict[str, object]:
    return read_fields(encode_fields(fields))


def test_the_key_is_the_text_of_the_key_fields() -> None:
    rules = ChangeRules(keys={"Book": ("upc", "edition")})
    items = [ItemRecord("Book", {"upc": "x1", "edition": 2}), ItemRecord("Note", {"upc": "x1"})]

    assert item_keys(items, URL, rules) == ["x1\t2", URL]


def test_an_item_without_key_fields_is_known_by_its_page_and_its_place_among_its_kind() -> None:
    items = [ItemRecord(name, {}) for name in ("Book", "Book", "Note", "Book")]

    assert item_keys(items, URL, PLAIN) == [URL, f"{URL}#2", URL, f"{URL}#3"]


@pytest.mark.parametrize("data", [{}, {"upc": None}, {"upc": ""}])
def test_an_item_that_lacks_its_key_has_none(data: dict[str, object]) -> None:
    assert key_of(data, ("upc",)) is None


def test_the_key_is_the_same_whatever_the_type_of_the_field() -> None:
    assert key_of({"n": 7}, ("n",)) == key_of({"n": "7"}, ("n",)) == "7"


@given(FIELDS)
def test_what_comes_from_the_store_equals_what_was_put_there(fields: dict[str, object]) -> None:
    again = stored(fields)

    assert not difference(again, stored(again), PLAIN)
    assert item_print(encode_fields(fields), PLAIN) == item_print(encode_fields(again), PLAIN)


@given(FIELDS, FIELDS, st.booleans())
def test_prints_are_equal_exactly_if_nothing_differs(
    old: dict[str, object], new: dict[str, object], ignore_case: bool
) -> None:
    rules = ChangeRules(ignore_case=ignore_case)
    same = item_print(encode_fields(old), rules) == item_print(encode_fields(new), rules)

    assert same == (not difference(stored(old), stored(new), rules))


@given(FIELDS, FIELDS)
def test_a_difference_turns_the_old_version_into_the_new_one(
    old: dict[str, object], new: dict[str, object]
) -> None:
    was, now = stored(old), stored(new)
    diff = difference(was, now, PLAIN)

    changed = {name: value for name, value in was.items() if name not in diff.old} | diff.new
    assert not difference(changed, now, PLAIN)


def test_only_the_fields_that_differ_are_told() -> None:
    diff = difference({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4}, PLAIN)

    assert (diff.old, diff.new) == ({"b": 2, "c": 3}, {"b": 5, "d": 4})
    assert diff.fields == ["b", "d", "c"]


def test_a_price_written_otherwise_is_no_change() -> None:
    assert not difference(stored({"p": Decimal("5.10")}), stored({"p": Decimal("5.1")}), PLAIN)
    assert not difference(stored({"p": Decimal("5.00")}), stored({"p": 5}), PLAIN)


def test_a_field_that_does_not_count_makes_no_change() -> None:
    rules = ChangeRules(of=("text",))

    assert not difference({"text": "a", "nonce": 1}, {"text": "a", "nonce": 2}, rules)
    assert difference({"text": "a"}, {"text": "b", "nonce": 2}, rules).new == {"text": "b"}


def test_capitals_count_unless_the_job_says_otherwise() -> None:
    assert difference({"t": "Ab"}, {"t": "aB"}, PLAIN)
    assert not difference({"t": ["Ab"]}, {"t": ["aB"]}, ChangeRules(ignore_case=True))


def test_a_field_that_only_says_where_the_item_is_has_not_changed() -> None:
    diff = difference({"url": "u1", "a": 1}, {"url": "u2", "a": 2}, PLAIN)

    assert follows_address(diff, "u1", "u2").new == {"a": 2}
    assert follows_address(diff, "u1", "elsewhere").new == {"url": "u2", "a": 2}


def test_an_event_is_a_line_with_its_keys_in_the_order_of_the_contract() -> None:
    event = Event(
        event="changed", key="x", item="Book", url=URL, old={"p": Decimal("1.5")}, new={"p": 2}
    )

    line = event.line("run-1", "2026-01-01T00:00:00Z")

    assert list(json.loads(line)) == ["event", "key", "item", "url", "run", "at", "old", "new"]
    assert b'"old":{"p":1.5},"new":{"p":2}' in line


def test_a_streak_goes_on_only_from_run_to_run() -> None:
    assert streaks({"a": 2, "b": 5}, ["a", "c"], unbroken=True) == {"a": 3, "c": 1}
    assert streaks({"a": 2}, ["a"], unbroken=False) == {"a": 1}
