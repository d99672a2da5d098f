"""Rows found in bytes, however those are cut."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.app.batch import rows as module
from crawler.app.batch.rows import Place, Row, rows_in
from crawler.errors import ConfigError

START = Place()


def read(kind: str, data: bytes, *, sizes: list[int] | None = None, at: Place = START,
         columns: list[str] | None = None) -> list[Row]:  # fmt: skip
    """Feed bytes in pieces of these sizes, the last of which is used again and again."""
    finder = rows_in(kind, at, columns, "in")
    found: list[Row] = []
    pieces = list(sizes or [1 << 20])
    while data:
        size = pieces.pop(0) if len(pieces) > 1 else pieces[0]
        found += finder.feed(data[:size])
        data = data[size:]
    return found + finder.feed(b"")


def test_json_lines_are_rows_and_blank_ones_are_not() -> None:
    found = read("jsonl", b'\xef\xbb\xbf{"a":1}\r\n\n  \n[2]')

    assert [(row.number, row.line, row.data) for row in found] == [
        (1, 1, b'{"a":1}'), (2, 4, b"[2]"),
    ]  # fmt: skip
    assert found[-1].end == Place(19, 4, 2)


def test_a_line_of_text_is_a_row_with_its_spaces() -> None:
    found = read("txt", b'eins\n zwei \r\n\nd"rei')

    assert [json.loads(row.data) for row in found] == ["eins", " zwei ", 'd"rei']


def test_text_that_is_no_utf_8_is_a_bad_row() -> None:
    found = read("txt", b"good\n\xff\nalso\n")

    assert [bool(row.wrong) for row in found] == [False, True, False]
    assert found[1].line == 2


def test_csv_gives_maps_and_tells_of_records_that_do_not_fit() -> None:
    found = read("csv", b'a,b\n1,"x\ny"\n2\n3,4,5\n"q" w,1\n"never')

    assert [row.data for row in found[:2]] == [b'{"a":"1","b":"x\\ny"}', b'{"a":"2"}']
    assert [(row.line, row.wrong) for row in found[2:]] == [
        (5, "it has 3 cells, the header 2"),
        (6, "it is no CSV: ',' expected after '\"'"),
        (7, "a quoted cell never ends"),
    ]


def test_a_header_that_names_two_columns_alike_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"two columns of the header are named 'a'"):
        read("csv", b"a,b,a\n1,2,3\n")


def test_a_header_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ConfigError, match="the header cannot be read"):
        read("csv", b'"a\n1\n')


@pytest.mark.parametrize("kind", ["jsonl", "txt", "csv"])
def test_a_row_beyond_the_limit_is_refused_and_the_rest_is_read(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ROW", 10)
    found = read(kind, b"1\n" + b"2" * 30 + b"\n3\n", sizes=[4], columns=["a"])

    assert [bool(row.wrong) for row in found] == [False, True, False]
    assert [row.line for row in found] == [1, 2, 3]
    assert found[-1].end.offset == 35


def test_a_long_quoted_cell_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROW", 10)
    found = read("csv", b'"1\n22222\n33333\n4\n', columns=["a"])

    assert "more than" in found[0].wrong
    assert found[-1].data == b'{"a":"4"}'


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
cuts = st.lists(st.integers(1, 7), min_size=1, max_size=20)


@given(st.lists(cells.filter(lambda t: t.strip() and "\n" not in t)), cuts)
def test_it_does_not_matter_how_lines_are_cut(texts: list[str], sizes: list[int]) -> None:
    texts = [text.strip("\r\n") for text in texts]
    data = "\n".join(["first", *texts]).encode()

    whole, cut = read("txt", data), read("txt", data, sizes=sizes)

    assert whole == cut
    assert [json.loads(row.data) for row in cut] == [t for t in ["first", *texts] if t.strip()]


@given(st.lists(st.tuples(cells, cells), max_size=8), cuts, st.data())
def test_csv_can_be_gone_on_with_behind_any_row(
    records: list[tuple[str, str]], sizes: list[int], data: st.DataObject
) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *records])
    raw = text.getvalue().encode()

    found = read("csv", raw, sizes=sizes)

    assert [json.loads(row.data) for row in found] == [{"a": a, "b": b} for a, b in records]
    if found:
        at = data.draw(st.sampled_from(found)).end
        rest = read("csv", raw[at.offset :], at=at, columns=["a", "b"])
        assert rest == found[at.row :]
