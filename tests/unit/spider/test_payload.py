from __future__ import annotations

import datetime
import functools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import CallbackError
from crawler.items import Field, Item
from crawler.messages import Request
from crawler.spider.callbacks import CallbackRef
from crawler.spider.payload import EMPTY, Payload, decode, encode, payload_of
from crawler.spider.plain_codec import dump, load
from crawler.spider.spider import Spider

URL = "https://e.org/"


class Book(Item):
    title = Field()


class Shop(Spider):
    name = "shop"

    def parse_book(self, response: object, *args: object) -> None:
        """Do nothing."""


def kept(request: Request) -> Payload:
    return decode(encode(payload_of(request, Shop())))


# Of the two times that a clock shows twice, ISO 8601 knows only the first.
times = st.times() | st.datetimes(timezones=st.none() | st.just(datetime.UTC))
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.binary()
    | st.text() | st.characters() | st.decimals(allow_nan=False) | st.dates()
    | times.map(lambda time: time.replace(fold=0)) | st.timedeltas() | st.uuids()
)  # fmt: skip
keys = st.recursive(scalars, lambda inner: st.tuples(inner, inner), max_leaves=3)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(keys, inner)
        | st.sets(keys)
        | st.frozensets(keys)
        | inner.map(lambda value: Book(title=value))
    ),
    max_leaves=8,
)


def typed(value: Any) -> Any:
    """Return a value in which equality also means equal types."""
    if isinstance(value, list | tuple):
        return type(value), [typed(one) for one in value]
    if isinstance(value, dict | Book):
        return type(value), [(typed(key), typed(one)) for key, one in value.items()]
    if isinstance(value, set | frozenset):
        return type(value), frozenset(map(repr, value))
    return type(value), repr(value)


@given(values)
def test_values_come_back_with_their_types(value: Any) -> None:
    assert typed(load(dump(value, "meta"))) == typed(value)


@given(st.binary())
def test_damaged_bytes_are_a_callback_error_or_nothing(raw: bytes) -> None:
    try:
        decoded = decode(raw)
    except CallbackError:
        return

    assert isinstance(decoded, Payload)


def test_a_plain_link_has_no_payload() -> None:
    shop = Shop()

    for request in (
        Request(URL),
        Request(URL, shop.parse),
        Request(URL, "parse", priority=5, label="x", method="POST", body=b"x"),
        Request(URL, meta={"depth": 3, "redirect_urls": ["x"]}),
    ):
        assert encode(payload_of(request, shop)) is None
    assert decode(None) == EMPTY


def test_everything_a_request_carries_comes_back() -> None:
    shop = Shop()
    request = Request(
        URL, functools.partial(shop.parse_book, (1, 2)), headers={"X-A": ["1", "2"]},
        cookies=[{"name": "a", "value": "b"}],
        meta={"when": datetime.date(2024, 5, 6), "days": {1: {2}}},
        encoding="latin-1", dont_filter=True, errback=shop.parse_book, flags=["f"],
        cb_kwargs={"price": Decimal("1.10"), "book": Book(title="t")},
    )  # fmt: skip

    assert decode(encode(payload_of(request, shop))) == Payload(
        callback=CallbackRef("parse_book", ((1, 2),)),
        errback=CallbackRef("parse_book"),
        headers=(("x-a", b"1"), ("x-a", b"2")),
        cookies=[{"name": "a", "value": "b"}],
        meta={"when": datetime.date(2024, 5, 6), "days": {1: {2}}},
        cb_kwargs={"price": Decimal("1.10"), "book": Book(title="t")},
        encoding="latin-1",
        flags=("f",),
        dont_filter=True,
    )


def test_what_is_kept_is_a_copy() -> None:
    tags = ["a"]
    raw = encode(payload_of(Request(URL, meta={"tags": tags}), Shop()))
    tags.append("b")

    first, second = decode(raw), decode(raw)
    first.meta["tags"].append("c")

    assert second.meta == {"tags": ["a"]}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(URL, meta={"a": [{"b": object()}]}), r"meta\['a'\]\[0\]\['b'\] holds a object"),
        (Request(URL, cb_kwargs={"f": print}), r"cb_kwargs\['f'\] holds a builtin_function"),
        (Request(URL, meta={"s": {(object(),)}}), r"meta\['s'\]\[\.\.\.\]"),
    ],
)
def test_what_cannot_be_kept_is_named(request_: Request, message: str) -> None:
    with pytest.raises(CallbackError, match=message):
        kept(request_)


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(CallbackError, match="nested more than"):
        kept(Request(URL, meta={"loop": loop}))


def test_an_item_class_is_never_imported_for_a_kept_request() -> None:
    book = Book(title="t")
    raw = dump(book, "meta").replace(b"Book", b"Nook")

    with pytest.raises(CallbackError, match="Nook, which is not known"):
        load(raw)


def test_a_class_that_is_no_item_is_not_made() -> None:
    raw = dump(Book(title="t"), "meta").replace(b"Book", b"Shop")

    with pytest.raises(CallbackError, match="not known"):
        load(raw)
