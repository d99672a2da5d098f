from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.observe.console import NORMAL, QUIET, VERBOSE, Console, safe


@given(st.text(st.characters(codec="utf-8"), max_size=1000))
def test_remote_text_becomes_one_short_printable_line(text: str) -> None:
    assert safe(text).isprintable()
    assert safe(text[:400]) == text[:400] or not text[:400].isprintable()


def test_long_text_is_cut() -> None:
    assert safe("x" * 10_000) == "x" * 499 + "…"


@pytest.mark.parametrize(
    ("level", "said"),
    [(QUIET, "error\n"), (NORMAL, "error\nnote\n"), (VERBOSE, "error\nnote\npage\n")],
)
def test_a_console_says_what_its_level_asks_for(level: int, said: str) -> None:
    stream = io.StringIO()
    console = Console(stream, level)

    console.error("error")
    console.say("note")
    console.say("page", VERBOSE)

    assert stream.getvalue() == said


def test_a_closed_stream_is_no_reason_to_stop() -> None:
    stream = io.StringIO()
    stream.close()

    Console(stream).say("anything")

    assert stream.closed
