"""The main text of a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.offload.steps import simhash, text

LONG = "A sentence of an article is long, and there is hardly a link in it; it goes on and on."
MENU = "".join(f'<li><a href="/{n}">A link of the menu with quite some words, number {n}</a></li>'
               for n in range(5))  # fmt: skip


def page(main: str) -> str:
    return (
        f"<html><head><title>t</title><style>p {{}}</style></head><body>"
        f"<header><a href=/>Home of the site</a></header><nav><ul>{MENU}</ul></nav>"
        f"<div class=x><ul>{MENU}</ul></div>{main}<aside>{LONG} But beside it.</aside>"
        f"<footer>{LONG} At the foot.</footer><script>{LONG}</script></body></html>"
    )


def test_paragraphs_and_their_headings_are_kept_and_what_is_around_them_is_not() -> None:
    found = text(page(f"<h1>Title</h1><p>{LONG}</p><p>Short.</p><p>More. {LONG}</p>"))

    assert found.splitlines() == ["Title", LONG, "Short.", f"More. {LONG}"]


@pytest.mark.parametrize("tag", ["main", "article", "div role=main"])
def test_a_main_part_that_is_marked_is_all_that_counts(tag: str) -> None:
    name = tag.split()[0]
    found = text(page(f"<p>Before. {LONG}</p><{tag}><p>{LONG}</p></{name}><p>After. {LONG}</p>"))

    assert found == LONG


def test_hidden_parts_are_left_out_and_text_behind_them_stays() -> None:
    found = text(page(f"<p>{LONG} <span hidden>No.</span>Yes. <b aria-hidden=true>No.</b>Yes.</p>"))

    assert found == f"{LONG} Yes. Yes."


def test_text_behind_an_inner_block_is_a_block_of_its_own() -> None:
    found = text(page(f"<div>{LONG} one<p>{LONG} two</p>{LONG} three</div>"))

    assert found.splitlines() == [f"{LONG} one", f"{LONG} two", f"{LONG} three"]


def test_a_page_of_little_is_given_whole() -> None:
    assert text("<p>Hello</p>") == "Hello"
    assert text("") == ""


def test_bytes_are_decoded_as_the_page_says() -> None:
    body = f'<meta charset="windows-1251"><p>Привет. {LONG}</p>'.encode("windows-1251")

    assert text(body).startswith("Привет.")


def test_nesting_beyond_any_stack_is_read() -> None:
    assert text("<div>" * 1500 + LONG) == LONG


@given(st.binary(max_size=300))
def test_no_body_is_too_odd(body: bytes) -> None:
    assert isinstance(text(body), str)


def test_a_control_character_behind_what_is_left_out_is_no_error() -> None:
    assert text("<script>x</script>\x1fa<nav>y</nav>\x0bb").split()[-1].endswith("b")


def test_simhash_is_written_as_sixteen_digits() -> None:
    assert len(simhash(LONG)) == 16
    assert int(simhash(LONG), 16) > 0


def test_the_texts_behind_what_is_left_out_stay_apart() -> None:
    body = b"<body><p>one<script>x</script>two<nav>y</nav><aside>z</aside>three"

    assert text(body).split() == ["one", "two", "three"]
