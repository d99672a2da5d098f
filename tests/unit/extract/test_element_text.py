from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.element_text import decimal_in, markup_of, number_in, text_of
from crawler.extract.html_tree import html_tree


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("£51.77", 51.77), ("1,234.56", 1234.56), ("1.234,56", 1234.56), ("1,234", 1234),
        ("1.234", 1.234), ("0,5", 0.5), ("12,345,678", 12345678), ("€ 1.234.567", 1234567),
        ("1 234", 1234), ("1\u202f234,5", 1234.5), ("1'000.5", 1000.5), ("3 12", 3), (".5", 0.5),
        ("-3", -3), ("\u2212 4", -4), ("In stock (22 available)", 22), ("no", None), ("", None),
        ("$ 1,234.5", 1234.5), ("10-20", 10), ("1.", 1), ("007", 7), ("12,34,567", 1234567),
        ("ISBN-13", 13), ("Size M - 3 left", 3), ("\u00a3-3", -3), ("EUR -3", -3), ("(-3)", -3),
        ("22.11.2026", 22), ("3,5,7", 3), ("1.2.3", 1), ("-1.2.3", -1), ("1.234.5", 1),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(text: str, number: float | None) -> None:
    assert number_in(text) == number


@given(st.text())
def test_no_text_makes_reading_a_number_raise(text: str) -> None:
    assert isinstance(number_in(text), int | float | None)


@given(st.text() | st.from_regex(r"[0-9.,' +-]{1,500}"))
def test_the_exact_number_is_the_same_one(text: str) -> None:
    exact, number = decimal_in(text), number_in(text)

    assert (None if exact is None else float(exact)) == (None if number is None else float(number))


def test_a_number_is_exact_where_a_float_is_not() -> None:
    assert decimal_in("£1,234.50") == Decimal("1234.50")
    assert str(decimal_in("0,10 €")) == "0.10"


@pytest.mark.parametrize(
    ("text", "number"), [("9" * 19, 1e19), ("-" + "9" * 18, -(10**18) + 1), ("9" * 301, None)]
)
def test_a_number_beyond_64_bits_is_a_float_and_an_endless_one_is_none(
    text: str, number: float | None
) -> None:
    assert number_in(text) == number


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_a_grouped_integer_is_read_back(number: int) -> None:
    assert number_in(f"{number:,}") == number


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a</p><p>b</p>", "a b"),
        ("<b>a</b>b <i>c</i>", "ab c"),
        ("a<br>b", "a b"),
        ("<td>a</td><td>b</td>", "a b"),
        ("a<script>x</script><style>y</style>b", "ab"),
        ("a<!-- x -->b", "ab"),
        ("", ""),
    ],
)
def test_text_is_what_a_reader_sees(markup: str, text: str) -> None:
    assert text_of(html_tree(f"<div>{markup}</div>".encode())) == text


def test_markup_stops_at_the_end_of_the_element() -> None:
    element = html_tree(b"<p>a<b>c</b></p> behind").find(".//b")

    assert element is not None
    assert markup_of(element) == "<b>c</b>"


def test_a_page_that_nests_deeper_than_python_calls_has_text() -> None:
    assert text_of(html_tree(b"<i>" * 2000 + b"deep")) == "deep"
