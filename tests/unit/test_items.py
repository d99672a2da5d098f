from __future__ import annotations

import dataclasses
import enum
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from crawler.errors import CallbackError
from crawler.items import Field, Item, UnplainItemError, encode_fields, is_item, to_record


class Book(Item):
    title = Field()
    price = Field(serializer=str)


class SignedBook(Book):
    signed_by = Field()


@dataclasses.dataclass
class Point:
    x: int
    y: list[int]


class Struct(msgspec.Struct):
    x: int


class Model(BaseModel):
    x: int


class Colour(enum.Enum):
    RED = "red"


def test_an_undeclared_key_is_a_key_error_that_names_it() -> None:
    with pytest.raises(KeyError, match="Book does not support field: author"):
        Book(author="x")


def test_a_field_cannot_be_set_as_an_attribute() -> None:
    book = Book()

    with pytest.raises(AttributeError, match=r"Use item\['title'\]"):
        book.title = "x"  # type: ignore[assignment]


def test_a_field_cannot_be_read_as_an_attribute() -> None:
    with pytest.raises(AttributeError, match=r"Use item\['title'\]"):
        _ = Book(title="x").title


def test_a_subclass_has_the_fields_of_its_parents() -> None:
    assert list(SignedBook.fields) == ["title", "price", "signed_by"]
    assert Book.fields["price"] == {"serializer": str}


def test_a_copy_is_shallow_and_a_deepcopy_is_not() -> None:
    book = Book(title=["a"])

    shallow, deep = book.copy(), book.deepcopy()
    book["title"].append("b")

    assert shallow["title"] == ["a", "b"]
    assert deep["title"] == ["a"]


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        pytest.param({"a": 1}, ("item", {"a": 1}), id="dict"),
        pytest.param(Book(title="t"), ("Book", {"title": "t"}), id="item"),
        pytest.param(Point(1, [2]), ("Point", {"x": 1, "y": [2]}), id="dataclass"),
        pytest.param(Struct(x=1), ("Struct", {"x": 1}), id="msgspec"),
        pytest.param(Model(x=1), ("Model", {"x": 1}), id="pydantic"),
    ],
)
def test_every_kind_of_item_becomes_a_record(thing: object, expected: object) -> None:
    assert is_item(thing)
    assert to_record(thing) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param((1, 2), [1, 2], id="tuple"),
        pytest.param({3, 1, 2}, [1, 2, 3], id="set-in-a-fixed-order"),
        pytest.param(Point(1, []), {"x": 1, "y": []}, id="nested-item"),
        pytest.param({1: {"k": (2,)}}, {"1": {"k": [2]}}, id="keys-become-text"),
        pytest.param(2**70, str(2**70), id="integer-beyond-64-bits"),
        pytest.param("a\ud800b", "a\ufffdb", id="lone-surrogate"),
        pytest.param(Colour.RED, "red", id="enum"),
        pytest.param(Decimal("1.10"), Decimal("1.10"), id="decimal-is-kept"),
    ],
)
def test_values_become_plain_data(value: object, expected: object) -> None:
    assert to_record({"f": value})[1] == {"f": expected}


def test_a_record_shares_nothing_with_its_item() -> None:
    tags = ["a"]

    _, data = to_record({"tags": tags})
    tags.append("b")

    assert data == {"tags": ["a"]}


@pytest.mark.parametrize(
    "thing", ["text", 5, object(), Point], ids=["str", "int", "object", "class"]
)
def test_what_is_no_item_is_refused(thing: object) -> None:
    with pytest.raises(CallbackError, match="expected a Request or an item"):
        to_record(thing)


def test_a_field_that_is_no_plain_data_is_named() -> None:
    with pytest.raises(CallbackError, match=r"field 'a\.b\[0\]' holds a object"):
        to_record({"a": {"b": [object()]}})


def deep(levels: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(levels):
        inner = [inner]
    return inner


def twice_itself() -> list[Any]:
    inner: list[Any] = []
    inner += [inner, inner]
    return inner


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (deep(500), "is nested more than 100 deep"),
        (twice_itself(), "holds itself"),
        (10**5_000, "holds a whole number of too many digits"),
        (1j, "holds a complex, which is no plain data"),
    ],
    ids=["deep", "circle", "digits", "complex"],
)
def test_an_item_that_cannot_be_kept_says_why_and_hands_out_the_rest(value: Any, why: str) -> None:
    with pytest.raises(UnplainItemError) as raised:
        to_record({"a": 1, "odd": value, "b": (2,)})

    error = raised.value
    assert (error.name, error.data) == ("item", {"a": 1, "b": [2]})
    assert (error.field.partition("[")[0], error.why) == ("odd", why)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.characters()
    | st.decimals()
    | st.datetimes()
    | st.timedeltas()
    | st.binary()
    | st.uuids(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
)


@given(st.dictionaries(st.text(), plain))
def test_every_record_can_be_written_as_json(fields: dict[str, Any]) -> None:
    _, data = to_record(fields)

    # The strict reader: Python's own takes NaN, which is no JSON.
    assert msgspec.json.decode(encode_fields(data)).keys() == data.keys()
