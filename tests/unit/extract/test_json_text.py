from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import ConfigError
from crawler.extract.document import NOT_JSON, Document
from crawler.extract.json_query import compile_jmes
from crawler.extract.json_text import NotJson, read_json
from crawler.extract.media import Kind
from crawler.items import encode_fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_what_json_writes_is_read_back(value: Any) -> None:
    assert read_json(json.dumps(value)) == value


@given(st.text() | st.binary())
def test_no_text_makes_reading_json_raise_anything_else(text: str | bytes) -> None:
    try:
        value = read_json(text)
    except NotJson:
        return

    assert encode_fields({"v": value})


def test_a_lone_surrogate_is_no_text_and_is_replaced() -> None:
    assert read_json(r'"a\ud800"') == "a\ufffd"


@pytest.mark.parametrize("text", ["", "{", "<html>", "[" * 100_000, "[" * 500 + "\n" + "]" * 499])
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotJson, match=r"\w"):
        read_json(text)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"a": "é"}'.encode(), "application/json"),
        (b'\xef\xbb\xbf{"a": "\xc3\xa9"}', "application/json"),
        (b'{"a": "\xe9"}', "application/json; charset=iso-8859-1"),
        ('{"a": "é"}'.encode("utf-16"), "application/json"),
    ],
)
def test_a_json_document_is_read_in_its_encoding(body: bytes, content_type: str) -> None:
    document = Document("https://e.org/", body, Kind.JSON, content_type)

    assert document.data == {"a": "é"}
    assert NOT_JSON not in document.flags


def test_a_document_that_only_says_it_is_json_is_flagged() -> None:
    document = Document("https://e.org/", b"<html>", Kind.JSON, "application/json")

    assert document.data is None
    assert document.flags == (NOT_JSON,)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("a", [1]),
        ("b[].c", [1, 2]),
        ("b[*]", [{"c": 1}, {"c": 2}]),
        ("b[0]", [{"c": 1}]),
        ("nope", []),
        ("nothing", []),
        ("nope[].x", []),
        ("length(nope)", []),
        ("length(b)", [2]),
        ("no", [False]),
        ("[a, nope]", [1]),
    ],
)
def test_an_expression_finds_its_matches(expression: str, found: list[Any]) -> None:
    data = {"a": 1, "b": [{"c": 1}, {"c": 2}], "nothing": None, "no": False}

    assert compile_jmes(expression)(data) == found


@pytest.mark.parametrize("expression", ["", "a[", "foo(@)(", "a b"])
def test_an_expression_that_does_not_parse_is_refused(expression: str) -> None:
    with pytest.raises(ConfigError, match=r"jmes .* is not valid"):
        compile_jmes(expression)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "it is empty"),
        ("a[", "something is missing at its end"),
        ("a b", "it cannot go on at column 3 with 'b'"),
        ("a[?b=1]", "it cannot go on at column 5 with '=1]'"),
        ("(" * 3000, "it is nested too deep"),
        ("a[?nope(@)]", "there is no function nope()"),
        ("sort_by(a, &nope(@))", "there is no function nope()"),
        ("length(a, b)", "length() takes 1, not 2 arguments"),
        ("a[::0]", "the step of a slice cannot be 0"),
    ],
)
def test_what_no_document_could_make_good_is_refused(expression: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compile_jmes(expression)

    assert caught.value.problems[0].message.endswith(f"is not valid: {why}")


@given(
    st.sampled_from(
        [
            "a",
            "merge(a, a)",
            "not_null(a, b, c)",
            "a[].b",
            "length(a)",
            "a[?b > `1`]",
            "sort_by(a, &b)",
        ]
    ),
    JSON,
)
def test_no_document_makes_an_expression_raise(expression: str, data: Any) -> None:
    assert isinstance(compile_jmes(expression)({"a": data}), list)


@pytest.mark.parametrize(
    "expression", ["ceil(to_number(far))", "floor(to_number(far))", "avg(big)"]
)
def test_numbers_too_large_for_a_function_give_nothing(expression: str) -> None:
    data = read_json(b'{"far": "1e999999", "big": [' + b"9" * 400 + b"]}")

    assert compile_jmes(expression)(data) == []
