from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.text_signature import text_signature

URL = "http://a.example/list/17?sort=up"


def signatures(*bodies: str) -> list[tuple[int, int]]:
    return [text_signature(body.encode(), URL) for body in bodies]


def test_markup_scripts_styles_and_comments_do_not_count() -> None:
    plain, dressed = signatures(
        "Red shirts",
        "<style>b{}</style><!-- x --><p class=y>Red<script>var token='u8';</script> <b>shirts</b>",
    )

    assert plain == dressed


def test_the_order_of_words_does_not_count() -> None:
    up, down = signatures("red green blue", "blue<br>red<br>green")

    assert up == down


def test_numbers_count_to_the_letter_and_not_when_folded() -> None:
    one, other = signatures("Page 17 of 40", "Page 18 of 40")

    assert one[0] != other[0]
    assert one[1] == other[1]


def test_words_of_the_own_address_do_not_count_when_folded() -> None:
    here = text_signature(b"You are at /a/b", "http://a.example/a/b")
    there = text_signature(b"You are at /a/b/c", "http://a.example/a/b/c")

    assert here[0] != there[0]
    assert here[1] == there[1]


@pytest.mark.parametrize("word", ["grün", "зелёный", "緑"])
def test_words_of_any_script_tell_pages_apart(word: str) -> None:
    one, other = signatures(f"a {word}", "a")

    assert one[1] != other[1]


@given(st.binary(max_size=300))
def test_any_bytes_have_a_signature_of_63_bits(body: bytes) -> None:
    exact, folded = text_signature(body, URL)

    assert 0 <= exact < 1 << 63
    assert 0 <= folded < 1 << 63
