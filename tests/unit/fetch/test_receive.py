from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from crawler.errors import FetchError
from crawler.fetch.answer import ERROR_BODY, REDIRECT_BODY, BodyPlan, Head
from crawler.fetch.limits import FetchLimits
from crawler.fetch.receive import Received, Receiver
from crawler.messages import FetchRequest
from crawler.testing.fake_clock import FakeClock

GET = FetchRequest(url="http://example.org/")


class Cut(Exception):
    """What this test's client raises for a body that ends too early."""


class Chunks:
    """A body in pieces; each takes `pause` seconds to come, and `fails` is raised at the end."""

    def __init__(
        self,
        *chunks: bytes,
        fails: Exception | None = None,
        wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._chunks = list(chunks)
        self._fails = fails
        self._wait = wait

    async def readany(self) -> bytes:
        self._wait()
        if self._chunks:
            return self._chunks.pop(0)
        if self._fails is not None:
            raise self._fails
        return b""

    def at_eof(self) -> bool:
        return not self._chunks and self._fails is None

    @property
    def left(self) -> int:
        return len(self._chunks)


def receiver(clock: FakeClock | None = None, **limits: Any) -> Receiver:
    return Receiver(FetchLimits(**limits), clock or FakeClock(), Cut)


async def read(source: Chunks, head: Head | None = None, **limits: Any) -> Received:
    return await receiver(**limits).read(source, GET, head or Head(200), lenient=False)


@pytest.mark.parametrize("chunks", [(), (b"all",), (b"a", b"l", b"l")], ids=["0", "1", "3"])
async def test_pieces_are_joined(chunks: tuple[bytes, ...]) -> None:
    body = b"".join(chunks)

    assert await read(Chunks(*chunks)) == Received(body, len(body), ())


async def test_a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert (await read(Chunks(b"12345"), max_body=5)).body == b"12345"
    for pieces in ((b"123456",), (b"12345", b"6")):
        with pytest.raises(FetchError, match="size limit"):
            await read(Chunks(*pieces), max_body=5)


async def test_a_ratio_beyond_reason_is_too_large() -> None:
    bomb = gzip.compress(bytes(3_000_000))

    with pytest.raises(FetchError, match="beyond reason") as caught:
        await read(Chunks(bomb), Head(200, codings=("gzip",)), max_ratio=500)

    assert caught.value.kind == "too_large"


async def test_a_ratio_says_nothing_about_a_small_page() -> None:
    page = gzip.compress(bytes(900_000))

    received = await read(Chunks(page), Head(200, codings=("gzip",)), max_ratio=2)

    assert len(received.body) == 900_000


async def test_an_unknown_coding_is_kept_as_it_is_and_flagged() -> None:
    received = await read(Chunks(b"??"), Head(200, codings=("rot13",)))

    assert received == Received(b"??", 2, ("unknown_coding",))


async def test_a_body_that_only_the_connection_ends_is_flagged() -> None:
    received = await read(Chunks(b"x"), Head(200, is_delimited=False))

    assert received.flags == ("length_unknown",)


async def test_a_slow_body_is_given_up_after_its_window() -> None:
    clock = FakeClock()
    source = Chunks(*[b"x" * 50] * 100, wait=lambda: tick(clock))

    with pytest.raises(FetchError, match="100 bytes a second") as caught:
        await receiver(clock).read(source, GET, Head(200), lenient=False)

    assert caught.value.kind == "timeout"
    assert clock.monotonic() == 31.0


async def test_a_body_that_comes_at_the_least_rate_is_read_however_long_it_takes() -> None:
    clock = FakeClock()
    source = Chunks(*[b"x" * 101] * 300, wait=lambda: tick(clock))

    received = await receiver(clock).read(source, GET, Head(200), lenient=False)

    assert len(received.body) == 101 * 300


async def test_the_rate_is_judged_anew_in_every_window() -> None:
    clock = FakeClock()
    source = Chunks(b"x" * 500_000, *[b"y"] * 100, wait=lambda: tick(clock))

    with pytest.raises(FetchError, match="bytes a second"):
        await receiver(clock).read(source, GET, Head(200), lenient=False)

    assert clock.monotonic() < 70


def tick(clock: FakeClock) -> None:
    clock._now += 1.0


@pytest.mark.parametrize(
    ("source", "codings", "body"),
    [
        pytest.param(Chunks(b"half", fails=Cut()), (), b"half", id="cut"),
        pytest.param(Chunks(fails=Cut()), (), b"", id="cut-at-once"),
        pytest.param(Chunks(gzip.compress(b"half")[:-4]), ("gzip",), b"half", id="cut-gzip"),
        pytest.param(Chunks(b"x"), ("gzip", "gzip", "gzip"), b"", id="unreadable"),
    ],
)
async def test_an_error_page_is_kept_as_far_as_it_came(
    source: Chunks, codings: tuple[str, ...], body: bytes
) -> None:
    received = await receiver().read(source, GET, Head(404, codings=codings), lenient=True)

    assert (received.body, received.flags) == (body, ("body_cut",))


async def test_an_error_page_is_cut_at_its_own_limit() -> None:
    pieces = [bytes(100_000)] * 30

    received = await receiver().read(Chunks(*pieces), GET, Head(404), lenient=True)

    assert len(received.body) <= ERROR_BODY
    assert received.flags == ("body_cut",)


async def test_a_page_that_is_cut_is_the_error_of_the_client() -> None:
    with pytest.raises(Cut):
        await read(Chunks(b"half", fails=Cut()))


async def test_draining_stops_at_64_kib() -> None:
    source = Chunks(*[bytes(10_000)] * 20)

    received = await receiver().drain(source)

    assert REDIRECT_BODY < received.wire_size <= REDIRECT_BODY + 10_000
    assert source.left


async def test_draining_a_cut_body_is_no_error() -> None:
    received = await receiver().drain(Chunks(b"some", fails=Cut()))

    assert (received.body, received.wire_size) == (b"", 4)


class Arrived:
    """A body of which all, or only a part, is here."""

    def __init__(self, body: bytes, *, whole: bool = True) -> None:
        self.body = body
        self.total_bytes = len(body)
        self.whole = whole
        self.was_read = False

    def is_eof(self) -> bool:
        return self.whole

    def read_nowait(self) -> bytes:
        self.was_read = True
        return self.body


@pytest.mark.parametrize("length", [4, None], ids=["of known length", "in chunks"])
def test_a_body_that_came_with_its_head_is_taken_without_waiting(length: int | None) -> None:
    received = receiver().at_hand(Arrived(b"page"), GET, Head(200, length=length), BodyPlan.READ)

    assert received == Received(b"page", 4)


def test_a_body_beyond_the_limit_goes_the_long_way() -> None:
    source = Arrived(b"page")

    assert receiver(max_body=3).at_hand(source, GET, Head(200), BodyPlan.READ) is None
    assert not source.was_read


@pytest.mark.parametrize(
    ("head", "plan", "whole"),
    [
        pytest.param(Head(200, length=4), BodyPlan.READ, False, id="not all is here"),
        pytest.param(Head(200, is_delimited=False), BodyPlan.READ, True, id="ended by the end"),
        pytest.param(Head(200, length=4, codings=("gzip",)), BodyPlan.READ, True, id="coded"),
        pytest.param(Head(404, length=4), BodyPlan.KEEP_WHAT_COMES, True, id="of an error"),
        pytest.param(Head(200, length=4), BodyPlan.UNWANTED, True, id="unwanted"),
    ],
)
def test_any_other_body_goes_the_long_way_untouched(
    head: Head, plan: BodyPlan, whole: bool
) -> None:
    source = Arrived(b"page", whole=whole)

    assert receiver().at_hand(source, GET, head, plan) is None
    assert not source.was_read
