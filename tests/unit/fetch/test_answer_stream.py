from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.answer_head import MalformedAnswer
from crawler.fetch.answer_stream import AnswerStream, CutShort, NoAnswer
from crawler.fetch.in_place import run_in_place
from crawler.fetch.limits import MAX_HEAD, MAX_LINE

KEPT = b"HTTP/1.1 200 OK\r\n"
CHUNKED = KEPT + b"Transfer-Encoding: chunked\r\n\r\n"
BODIES = st.lists(st.binary(min_size=1, max_size=30), max_size=6)


def coming(*pieces: bytes) -> Callable[[], bytes]:
    """Return what gives the pieces, then the end of the connection."""
    left = list(pieces)
    return lambda: left.pop(0) if left else b""


def read(stream: AnswerStream, method: str = "GET") -> bytes:
    stream.read_head(method)
    parts: list[bytes] = []
    while part := run_in_place(stream.readany()):
        parts.append(part)
    return b"".join(parts)


def chunks(parts: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def cut_up(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(raw) + 1) for cut in cuts} | {0, len(raw)})
    return [raw[a:b] for a, b in itertools.pairwise(places)]


@given(BODIES, st.lists(st.integers(min_value=0), max_size=30), st.sampled_from("lct"))
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(
    parts: list[bytes], cuts: list[int], framing: str
) -> None:
    body = b"".join(parts)
    raw = {
        "l": KEPT + b"X: y\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        "c": CHUNKED + chunks(parts) + b"0;last\r\nX-Sum: 1\r\n\r\n",
        "t": KEPT + b"\r\n" + body,
    }[framing]

    stream = AnswerStream(coming(*cut_up(b"\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" + raw, cuts)))

    assert read(stream) == body
    assert stream.at_eof()
    assert stream.is_reusable is (framing != "t")


@given(BODIES, st.integers(min_value=1), st.lists(st.integers(min_value=0), max_size=9))
def test_an_answer_that_stops_anywhere_is_cut_short(
    parts: list[bytes], missing: int, cuts: list[int]
) -> None:
    raw = CHUNKED + chunks(parts) + b"0\r\n\r\n"
    stream = AnswerStream(coming(*cut_up(raw[: -(missing % len(raw)) or -1], cuts)))

    with pytest.raises((CutShort, NoAnswer)):
        read(stream)

    assert not stream.is_reusable


@given(st.lists(st.binary(max_size=60), max_size=8), st.sampled_from([b"", KEPT, CHUNKED]))
def test_noise_ends_in_an_answer_or_an_error_of_ours(noise: list[bytes], head: bytes) -> None:
    with contextlib.suppress(MalformedAnswer, CutShort, NoAnswer):
        read(AnswerStream(coming(head, *filter(None, noise))))


def test_nothing_at_all_is_no_answer() -> None:
    with pytest.raises(NoAnswer):
        AnswerStream(coming()).read_head("GET")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_an_answer_to_head_has_no_body(method: str) -> None:
    stream = AnswerStream(coming(KEPT + b"Content-Length: 5\r\n\r\n", b"hello"))

    assert read(stream, method) == (b"" if method == "HEAD" else b"hello")
    assert stream.is_reusable


@pytest.mark.parametrize("status", [b"204", b"304"])
def test_some_statuses_have_no_body(status: bytes) -> None:
    raw = b"HTTP/1.1 " + status + b" X\r\nContent-Length: 5\r\n\r\n"

    assert read(AnswerStream(coming(raw))) == b""


@pytest.mark.parametrize("rest", [b"HTTP/1.1 200 OK\r\n\r\n", b"HT", b"\r\n", b"\r\n\r\nHTTP/1.1"])
def test_what_may_be_another_answer_ends_the_connection(rest: bytes) -> None:
    stream = AnswerStream(coming(KEPT + b"Content-Length: 2\r\n\r\nhi" + rest))

    assert read(stream) == b"hi"
    assert not stream.is_reusable


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(KEPT + b"Content-Length: 2\r\n\r\nhi!", id="more-than-the-length"),
        pytest.param(
            KEPT + b"Connection: close\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1", id="after-close"
        ),
        pytest.param(CHUNKED + b"2\r\nhi\r\n0\r\n\r\nmore", id="more-than-the-chunks"),
        pytest.param(b"HTTP/1.1 204 No\r\n\r\nhi", id="body-of-204"),
    ],
)
def test_bytes_behind_the_answer_are_left_alone_and_known(raw: bytes) -> None:
    stream = AnswerStream(coming(raw))

    assert read(stream) in (b"hi", b"")
    assert stream.has_more
    assert not stream.is_reusable
    assert raw[-stream.unread :] in (b"!", b"HTTP/1.1", b"more", b"hi")


@pytest.mark.parametrize("endless", [b"X-A: b\r\n" * 999, b"y" * 9999, b" z\r\n" * 99])
def test_a_head_without_end_is_refused_in_bounded_memory(endless: bytes) -> None:
    taken = 0

    def more() -> bytes:
        nonlocal taken
        taken += 1
        return KEPT if taken == 1 else endless

    with pytest.raises(MalformedAnswer, match="size limit"):
        AnswerStream(more).read_head("GET")

    assert taken * len(endless) < MAX_HEAD + 2 * len(endless) + 99


@pytest.mark.parametrize(
    "endless", [b"1;" + b"x" * 9999, b"0" * 9999, b"0\r\n" + b"X: y\r\n" * 999]
)
def test_a_chunk_without_end_is_refused_in_bounded_memory(endless: bytes) -> None:
    taken = 0

    def more() -> bytes:
        nonlocal taken
        taken += 1
        return CHUNKED + endless if taken == 1 else endless[3:]

    with pytest.raises(MalformedAnswer, match="size limit"):
        read(AnswerStream(more))

    assert taken * len(endless) < MAX_HEAD + MAX_LINE + 3 * len(endless)


def test_a_binary_blurt_is_refused_before_its_end() -> None:
    with pytest.raises(MalformedAnswer, match="no HTTP"):
        AnswerStream(coming(b"\x15\x03\x01", b"more")).read_head("GET")


@pytest.mark.parametrize(
    ("before", "error"),
    [(b"", NoAnswer), (b"HTTP/1.1 2", CutShort), (KEPT + b"\r\nbody", CutShort)],
)
def test_a_reset_is_never_an_end(before: bytes, error: type[Exception]) -> None:
    pieces = coming(*filter(None, [before]))

    def receive() -> bytes:
        data = pieces()
        if not data:
            raise ConnectionResetError("by peer")
        return data

    with pytest.raises(error, match="reset"):
        read(AnswerStream(receive))


def test_limits_of_the_connection_pass_through() -> None:
    def receive() -> bytes:
        raise TimeoutError("5 s without a byte")

    with pytest.raises(TimeoutError, match="5 s"):
        AnswerStream(receive).read_head("GET")
