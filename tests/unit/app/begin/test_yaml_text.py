from __future__ import annotations

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.app.begin.yaml_text import comment, quoted, url_scalar

#: Half a surrogate pair is no text in a file; everything else a page can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
@example('" \\ # : { } [ ] & * ! | > % @ ` \n---\n')
@example("\x00\x1b\x85\u2028\ufeff😀")
def test_a_quoted_text_reads_back_as_itself(text: str) -> None:
    read = yaml.safe_load(f"a: {quoted(text)}   # b\nc: 1\n")

    assert read == {"a": text.replace("$", "$$"), "c": 1}


@given(st.text())
def test_a_comment_is_one_short_line_of_printable_characters(text: str) -> None:
    written = comment(text)

    assert written.isprintable()
    assert len(written) <= 160
    assert yaml.safe_load(f"a: 1 # {written}\nc: 1\n") == {"a": 1, "c": 1}


def test_braces_of_a_url_are_no_placeholder() -> None:
    assert url_scalar("http://a.example/?q={demo}") == '"http://a.example/?q=%7Bdemo%7D"'
