from __future__ import annotations

import csv
import io
import json

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from crawler.sinks.csv_text import (
    CsvError,
    cell,
    disarmed,
    header_cells,
    raw_records,
    record,
    width,
)

# Surrogates never get this far: neither JSON nor UTF-8 has room for them.
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\",\r\n =+-@\t'x"))
rows = st.lists(texts, min_size=1, max_size=5)


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@given(st.lists(rows, max_size=5))
def test_the_csv_module_reads_back_the_cells_that_were_written(table: list[list[str]]) -> None:
    assert read("".join(record(row) for row in table)) == table


@given(st.lists(rows, max_size=5))
def test_records_are_found_again_whatever_breaks_their_cells_have(table: list[list[str]]) -> None:
    written = [record(row).encode() for row in table]

    found = list(raw_records(io.BytesIO(b"".join(written))))

    assert found == written
    assert [width(raw) for raw in found] == [len(row) for row in table]


@given(st.lists(texts, min_size=1, max_size=5, unique=True), st.sampled_from(["\n", "\r\n", ""]))
def test_a_header_is_read_as_it_was_written(names: list[str], end: str) -> None:
    assert header_cells((record(names)[:-1] + end).encode()) == names


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert header_cells(b'\xef\xbb\xbf"a,b",c\r\n') == ["a,b", "c"]


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [(b"a,b,a\n", "two columns 'a'"), (b"caf\xe9,b\n", "not UTF-8")],
)
def test_a_header_that_cannot_be_used_says_why(raw: bytes, complaint: str) -> None:
    with pytest.raises(CsvError, match=complaint):
        header_cells(raw)


def test_a_quote_that_is_never_closed_is_an_error() -> None:
    with pytest.raises(CsvError, match="never ends"):
        list(raw_records([b"a,b\n", b'1,"2\n', b"3,4\n"]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (-5, "-5"),
        (1e300, "1e300"),
        (12345678901234567890, "12345678901234567890"),
        ("", ""),
        ("null", "null"),
        ('say "hi"\n', 'say "hi"\n'),
        (["a", 1, None], '["a",1,null]'),
        ({"=a": {"b": []}}, '{"=a":{"b":[]}}'),
    ],
)
def test_a_value_is_written_as_its_kind_asks(value: object, text: str) -> None:
    assert cell(msgspec.Raw(msgspec.json.encode(value)), disarm=True) == text


def test_a_number_keeps_its_own_digits() -> None:
    assert cell(msgspec.Raw(b"51.770"), disarm=True) == "51.770"


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_never_taken_for_a_formula(number: float) -> None:
    written = json.dumps(number)

    assert cell(msgspec.Raw(written.encode()), disarm=True) == written


@pytest.mark.parametrize(
    "text",
    [
        "=HYPERLINK(1)", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=", "-", "  =1",
        "\xa0=1", "\x01=1", "\u200b=1", "\ufeff=1", "\u202e=1", "\uff1d1", "\uff0b1", "\ufe661",
        " \t\uff20A",
    ],
)  # fmt: skip
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_unless_it_is_to_be_kept(
    text: str,
) -> None:
    raw = msgspec.Raw(msgspec.json.encode(text))

    assert cell(raw, disarm=True) == f"'{text}"
    assert cell(raw, disarm=False) == text


def test_no_nul_gets_into_a_cell() -> None:
    assert cell(msgspec.Raw(b'"a\\u0000b"'), disarm=False) == "a\ufffdb"
    assert cell(msgspec.Raw(b'"\\u0000=1"'), disarm=True) == "'\ufffd=1"


@given(texts)
def test_no_text_begins_like_a_formula_once_disarmed_and_nothing_of_it_is_lost(text: str) -> None:
    safe = disarmed(text)

    assert not safe.strip().startswith(("=", "+", "-", "@"))
    assert not safe.startswith(("\t", "\r", "\n"))
    assert safe.removeprefix("'" if safe != text else "") == text
