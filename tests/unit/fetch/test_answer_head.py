from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.answer_head import Framing, MalformedAnswer, parse_fields, parse_head
from crawler.fetch.limits import MAX_FIELD, MAX_FIELDS, MAX_LINE

NAMES = st.from_regex(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", fullmatch=True)
VALUES = st.binary(max_size=40).map(lambda raw: raw.translate(None, b"\0\r\n").strip(b" \t"))


def test_a_head_says_what_is_needed_of_it() -> None:
    head = parse_head(
        b"HTTP/1.1 301 Moved\r\nContent-Type: text/html; charset=x\r\nContent-Length: 12\r\n"
        b"Location: /there\r\ncontent-encoding: gzip\r\nContent-Encoding:  br \r\n"
    )

    assert (head.status, head.is_kept, head.framing, head.length) == (301, True, Framing.LENGTH, 12)
    assert (head.content_type, head.codings) == ("text/html; charset=x", ("gzip", "br"))
    assert head.has_location
    about = head.as_head()
    assert (about.length, about.is_delimited, about.has_location) == (12, True, True)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=20))
def test_fields_come_back_as_they_were_sent(fields: list[tuple[bytes, bytes]]) -> None:
    block = b"".join(name + b": " + value + b"\r\n" for name, value in fields)

    assert parse_fields(block) == fields


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_head_or_malformed(noise: bytes) -> None:
    for block in (noise, b"HTTP/1.1 200 OK\r\n" + noise):
        with contextlib.suppress(MalformedAnswer):
            assert 0 <= parse_head(block).status <= 999


@pytest.mark.parametrize(
    ("fields", "framing", "length"),
    [
        (b"", Framing.UNTIL_CLOSE, 0),
        (b"Content-Length: 0\r\n", Framing.LENGTH, 0),
        (b"Content-Length: 007 \r\n", Framing.LENGTH, 7),
        (b"Transfer-Encoding: gzip, CHUNKED\r\n", Framing.CHUNKED, 0),
        (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", Framing.CHUNKED, 0),
        (b"Transfer-Encoding: chunked, gzip\r\n", Framing.UNTIL_CLOSE, 0),
        (b"Transfer-Encoding: identity\r\n", Framing.UNTIL_CLOSE, 0),
    ],
)
def test_the_fields_say_where_the_body_ends(fields: bytes, framing: Framing, length: int) -> None:
    head = parse_head(b"HTTP/1.1 200 OK\r\n" + fields)

    assert (head.framing, head.length) == (framing, length)


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length:\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length: " + b"9" * 19 + b"\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"X y: 1\r\n",
        b"X\r\n",
        b": 1\r\n",
        b"X : 1\r\n",
        b"X: a\0b\r\n",
        b"X: a\rb\r\n",
        b"X: " + b"y" * MAX_FIELD + b"\r\n",
        b"X: y\r\n" + (b" " + b"z" * 999 + b"\r\n") * 100,
        b"X: y\r\n" * (MAX_FIELDS + 1),
    ],
)
def test_fields_that_two_readers_could_read_differently_are_refused(fields: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        parse_head(b"HTTP/1.1 200 OK\r\n" + fields)


@pytest.mark.parametrize(
    "line",
    [b"", b"HTTP/1.1", b"HTTP/1.1 20", b"HTTP/1.1 2000 X", b"HTTP/1.1 -12", b"HTTP/1.1 200OK",
     b"HTTP/1.1\t200", b"HTTP/1.2 200", b"HTTP/2 200", b"http/1.1 200", b" HTTP/1.1 200",
     b"HTTP/1.1 200 a\rb", b"HTTP/1.1 200 " + b"x" * MAX_LINE],
)  # fmt: skip
def test_a_first_line_of_another_kind_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        parse_head(line + b"\r\n")


@pytest.mark.parametrize(
    ("head", "is_kept"),
    [
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_its_version_has_it(head: bytes, is_kept: bool) -> None:
    assert parse_head(head).is_kept is is_kept


def test_a_folded_field_is_one_field() -> None:
    assert parse_fields(b"X: a\r\n\tb\r\n  c \r\nY: d\r\n") == [(b"X", b"a\tb  c"), (b"Y", b"d")]
