from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from crawler.errors import FetchError
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest
from crawler.outcome import ErrorClass
from crawler.testing.raw_server import Exchange, RawServer, answer

NewFetcher = Callable[..., AbstractAsyncContextManager[Fetcher]]


async def failure(fetcher: Fetcher, request: FetchRequest) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(request)
    assert caught.value.url == request.url
    return caught.value


async def test_a_plain_answer_comes_back_whole(fetcher: Fetcher) -> None:
    async with RawServer(answer(b"hello", content_type="text/html", x_a="\xe9")) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url("/a?b=%2F|")))

    assert (response.status, response.body, response.wire_size) == (200, b"hello", 5)
    assert response.headers["x-a"] == b"\xe9"
    assert response.media_type == "text/html"
    assert response.flags == ()
    assert server.exchanges[0].path == "/a?b=%2F|"
    assert server.exchanges[0].fields["user-agent"] == "test/1"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        pytest.param(answer(b"half", content_length="10"), ErrorClass.TRUNCATED, id="short-body"),
        pytest.param(
            answer(b"5\r\nhel", transfer_encoding="chunked"), ErrorClass.TRUNCATED, id="cut-chunk"
        ),
        pytest.param(
            answer(b"5\r\nhello\r\n", transfer_encoding="chunked"),
            ErrorClass.TRUNCATED,
            id="no-last-chunk",
        ),
        pytest.param(
            answer(b"zz\r\nhello\r\n", transfer_encoding="chunked"),
            ErrorClass.PROTOCOL,
            id="chunk-size-that-is-no-number",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-", ErrorClass.TRUNCATED, id="cut-header"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00" * 9, ErrorClass.PROTOCOL, id="binary"),
        pytest.param(b"<html>HTTP/0.9</html>\n", ErrorClass.PROTOCOL, id="http-0.9"),
        pytest.param(b"HTTP/1.1 abc OK\r\n\r\n", ErrorClass.PROTOCOL, id="status-of-letters"),
        pytest.param(b"HTTP/1.1 2000 OK\r\n\r\n", ErrorClass.PROTOCOL, id="status-of-four-digits"),
        pytest.param(answer(status="000 None"), ErrorClass.PROTOCOL, id="status-0"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            ErrorClass.PROTOCOL,
            id="two-lengths",
        ),
        pytest.param(answer(b"hello", content_length="-5"), ErrorClass.PROTOCOL, id="minus-length"),
        pytest.param(answer(b"hello", content_length="+5"), ErrorClass.PROTOCOL, id="plus-length"),
        pytest.param(answer(b"hello", content_length="5, 5"), ErrorClass.PROTOCOL, id="5-comma-5"),
        pytest.param(
            answer(b"0\r\n\r\n", transfer_encoding="chunked", content_length="5"),
            ErrorClass.PROTOCOL,
            id="length-and-chunks",
        ),
        pytest.param(
            answer(b"5\r\nhelloXX\r\n", transfer_encoding="chunked"),
            ErrorClass.PROTOCOL,
            id="chunk-longer-than-its-size",
        ),
        pytest.param(
            answer(b"+5\r\nhello\r\n", transfer_encoding="chunked"),
            ErrorClass.PROTOCOL,
            id="chunk-size-with-a-sign",
        ),
        pytest.param(
            answer(b"f" * 17 + b"\r\nhello\r\n", transfer_encoding="chunked"),
            ErrorClass.PROTOCOL,
            id="chunk-size-of-68-bits",
        ),
        pytest.param(
            answer(b"0\r\nno field\r\n\r\n", transfer_encoding="chunked"),
            ErrorClass.PROTOCOL,
            id="trailer-that-is-no-field",
        ),
        pytest.param(
            answer(b"0\r\nX: y\r\n", transfer_encoding="chunked"),
            ErrorClass.TRUNCATED,
            id="cut-trailer",
        ),
        pytest.param(b"ICY 200 OK\r\n\r\n", ErrorClass.PROTOCOL, id="radio"),
        pytest.param(b"HTTP/1.1  200 OK\r\n\r\n", ErrorClass.PROTOCOL, id="two-spaces"),
        pytest.param(b"HTTP/3.0 200 OK\r\n\r\n", ErrorClass.PROTOCOL, id="http-3-over-tcp"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-A\r\n\r\n", ErrorClass.PROTOCOL, id="no-colon"),
        pytest.param(answer(x_a="a\rb"), ErrorClass.PROTOCOL, id="bare-cr-in-a-field"),
        pytest.param(answer(x_a="a\0b"), ErrorClass.PROTOCOL, id="nul-in-a-field"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX A : b\r\nContent-Length: 0\r\n\r\n",
            ErrorClass.PROTOCOL,
            id="space-in-a-field-name",
        ),
        pytest.param(answer(status="101 Switching", upgrade="x"), ErrorClass.PROTOCOL, id="101"),
        pytest.param(answer(status="304 Not Modified"), ErrorClass.PROTOCOL, id="304-unasked"),
        pytest.param(answer(b"part", status="206 Partial"), ErrorClass.TRUNCATED, id="206-unasked"),
    ],
)
async def test_broken_framing_is_an_error_of_its_class(
    fetcher: Fetcher, raw: bytes, kind: ErrorClass
) -> None:
    async with RawServer(raw) as server:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == kind


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", id="bare-line-feeds"),
        pytest.param(b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", id="no-reason"),
        pytest.param(answer(b"hello", content_security_policy="x" * 40_000), id="40-kb-field"),
        pytest.param(answer(b"hello", **{f"x_{n}": "y" for n in range(400)}), id="400-fields"),
        pytest.param(b"HTTP/1.1 103 Hints\r\n\r\n" * 50 + answer(b"hello"), id="50-interim"),
        pytest.param(
            answer(b"2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\n\r\n", transfer_encoding="chunked"),
            id="chunks-with-extensions",
        ),
        pytest.param(
            answer(b"5 \r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", transfer_encoding="gzip, Chunked"),
            id="chunks-with-a-trailer",
        ),
        pytest.param(b"\r\n\r\n" + answer(b"hello"), id="empty-lines-before"),
        pytest.param(answer(b"hello") + b"\r\n", id="empty-line-behind"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", id="folded"
        ),
        pytest.param(answer(b"hello", status="200 caf\xe9\x01"), id="odd-reason"),
        pytest.param(answer(b"hello", status="205 Reset"), id="205-with-a-body"),
    ],
)
async def test_odd_but_harmless_framing_is_read(fetcher: Fetcher, raw: bytes) -> None:
    async with RawServer(raw) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert response.body == b"hello"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        pytest.param(answer(x_a="y" * 10_000_000), ErrorClass.TOO_LARGE, id="10-mb-field"),
        pytest.param(
            answer(**{f"x_{n}": "y" for n in range(20_000)}),
            ErrorClass.TOO_LARGE,
            id="20000-fields",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 60_000 + b"\r\n",
            ErrorClass.TRUNCATED,
            id="cut-60-kb",
        ),
        pytest.param(
            answer(**{f"x_{n}": "y" * 50_000 for n in range(30)}),
            ErrorClass.TOO_LARGE,
            id="1.5-mb-in-all",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000 + answer(b"x"),
            ErrorClass.PROTOCOL,
            id="5000-interim",
        ),
    ],
)
async def test_heads_beyond_the_limits_are_refused(
    fetcher: Fetcher, raw: bytes, kind: ErrorClass
) -> None:
    async with RawServer(raw) as server:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == kind


async def test_an_endless_flood_of_interim_answers_ends(fetcher: Fetcher) -> None:
    async def flood(exchange: Exchange) -> None:
        while not exchange.is_over:
            await exchange.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)

    async with RawServer(flood) as server:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == ErrorClass.PROTOCOL


async def test_an_endless_header_ends(fetcher: Fetcher) -> None:
    async def flood(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n")
        while not exchange.is_over:
            await exchange.send(b"X-A: " + b"y" * 8_000 + b"\r\n")

    async with RawServer(flood) as server:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == ErrorClass.TOO_LARGE


async def test_small_chunks_are_read_and_tiny_ones_refused(new_fetcher: NewFetcher) -> None:
    async def script(exchange: Exchange) -> None:
        size = int(exchange.path[1:])
        chunks = b"%x\r\n%s\r\n" % (size, b"x" * size) * (900_000 // size) + b"0\r\n\r\n"
        await exchange.send(answer(chunks, transfer_encoding="chunked"))

    async with RawServer(script) as server, new_fetcher() as fetcher:
        small = await fetcher.fetch(FetchRequest(url=server.url("/20")))
        error = await failure(fetcher, FetchRequest(url=server.url("/2")))

    assert small.body == b"x" * 900_000
    assert (error.kind, error.status) == (ErrorClass.TOO_LARGE, 200)


async def test_a_body_without_length_is_flagged(fetcher: Fetcher) -> None:
    async with RawServer(b"HTTP/1.0 200 OK\r\n\r\nhello") as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert (response.body, response.flags) == (b"hello", ("length_unknown",))


async def test_a_transfer_coding_that_is_not_chunked_says_nothing_of_the_end(
    fetcher: Fetcher,
) -> None:
    async with RawServer(answer(b"hello", transfer_encoding="gzip")) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert (response.body, response.flags) == (b"hello", ("length_unknown",))


async def test_a_reset_is_no_end_of_a_body_without_length(fetcher: Fetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
        seen.set_result(exchange)
        await exchange.hold()

    seen: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()
    async with RawServer(script) as server:
        task = asyncio.create_task(failure(fetcher, FetchRequest(url=server.url())))
        (await seen).reset()
        error = await task

    assert error.kind == ErrorClass.TRUNCATED


async def test_a_status_from_600_on_is_passed_on(fetcher: Fetcher) -> None:
    async with RawServer(answer(b"no", status="999 Denied")) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert (response.status, response.body) == (999, b"no")


async def test_304_and_206_are_answers_when_asked_for(fetcher: Fetcher) -> None:
    async def script(exchange: Exchange) -> None:
        part = "range" in exchange.fields
        await exchange.send(answer(b"pa", status="206 Part") if part else answer(status="304 Same"))

    async with RawServer(script) as server:
        same = await fetcher.fetch(
            FetchRequest(url=server.url(), headers=(("if-none-match", b'"a"'),))
        )
        part = await fetcher.fetch(FetchRequest(url=server.url(), headers=(("range", b"0-1"),)))

    assert (same.status, part.status, part.body) == (304, 206, b"pa")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_bytes_behind_an_answer_without_body_reach_no_other_request(
    fetcher: Fetcher, status: str
) -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.path == "/odd":
            await exchange.send(answer(b"leftover", status=status, content_length="8"))
        else:
            await exchange.send(answer(b"own body"))

    odd_headers = (("if-none-match", b'"a"'),)
    async with RawServer(script) as server:
        # The client may notice at once, and fail, or only when the connection is used again.
        with contextlib.suppress(FetchError):
            odd = await fetcher.fetch(FetchRequest(url=server.url("/odd"), headers=odd_headers))
            assert odd.body == b""
        after = await fetcher.fetch(FetchRequest(url=server.url("/next")))

    assert after.body == b"own body"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(answer(b"hello") + b"XX", id="bytes-behind-the-body"),
        pytest.param(answer(b"hello, and more", content_length="5"), id="longer-than-announced"),
        pytest.param(answer(b"hello", connection="close") + b"XX", id="behind-the-last-answer"),
        pytest.param(answer(b"hello") + answer(b"smuggled"), id="another-answer"),
        pytest.param(
            b"HTTP/1.1 103 Hints\r\n\r\n" * 40 + answer(b"hello") + b"\r\nXX", id="after-hints"
        ),
        pytest.param(
            answer(b"5\r\nhello\r\n0\r\nX: y\r\n\r\nXX", transfer_encoding="chunked"),
            id="behind-the-chunks",
        ),
    ],
)
async def test_of_what_is_too_much_nothing_is_used(fetcher: Fetcher, raw: bytes) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(raw if exchange.path == "/odd" else answer(b"own body"))

    async with RawServer(script) as server:
        odd = await fetcher.fetch(FetchRequest(url=server.url("/odd")))
        after = await fetcher.fetch(FetchRequest(url=server.url("/next")))

    assert (odd.body, odd.flags) == (b"hello", ("extra_bytes",))
    assert after.body == b"own body"
    assert [exchange.connection for exchange in server.exchanges] == [1, 2]


async def test_an_answer_that_comes_in_pieces_is_measured_all_the_same(fetcher: Fetcher) -> None:
    async def script(exchange: Exchange) -> None:
        for byte in answer(b"hello"):
            await exchange.send(bytes((byte,)))
        await exchange.send(b"XX")
        await exchange.hold()

    async with RawServer(script) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert response.body == b"hello"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(b"\0\0\x12\4\0\0\0\0\0" + b"\0" * 18, "HTTP/2 only", id="http-2"),
        pytest.param(b"\x15\3\1\0\2\2\x46", "the server speaks TLS", id="tls"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "this is no HTTP", id="ssh"),
    ],
)
async def test_what_speaks_another_protocol_is_told_by_its_first_bytes(
    fetcher: Fetcher, raw: bytes, words: str
) -> None:
    async with RawServer(raw) as server:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert (error.kind, words in str(error)) == (ErrorClass.PROTOCOL, True)


async def test_words_about_an_answer_hold_none_of_it(fetcher: Fetcher) -> None:
    for raw in (answer(x_a="evil\0evil"), b"HTTP/1.1 evil\r\n\r\n", b"evil\r\n\r\n"):
        async with RawServer(raw) as server:
            error = await failure(fetcher, FetchRequest(url=server.url()))

        assert "evil" not in str(error)


async def test_an_answer_to_nothing_reaches_no_request(fetcher: Fetcher) -> None:
    async def script(exchange: Exchange) -> None:
        own = answer(exchange.path.encode())
        await exchange.send(own + answer(b"smuggled") if exchange.path == "/1" else own)

    async with RawServer(script) as server:
        bodies = [
            (await fetcher.fetch(FetchRequest(url=server.url(f"/{n}")))).body for n in range(1, 4)
        ]

    assert bodies == [b"/1", b"/2", b"/3"]
    assert server.exchanges[1].connection == 2


# Nothing looks at a thread's connection while it is idle; what the next request finds is below.
@pytest.mark.parametrize("client", ["aiohttp"], indirect=True)
async def test_a_late_answer_to_nothing_closes_the_idle_connection(
    fetcher: Fetcher,
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(exchange.path.encode()))
        if exchange.path == "/1":
            await exchange.send(answer(b"smuggled"))
            await exchange.hold()
            gone.set()

    gone = asyncio.Event()
    async with RawServer(script) as server:
        await fetcher.fetch(FetchRequest(url=server.url("/1")))
        async with asyncio.timeout(5):
            await gone.wait()
        second = await fetcher.fetch(FetchRequest(url=server.url("/2")))

    assert second.body == b"/2"


@pytest.mark.parametrize("client", ["urllib3"], indirect=True)
async def test_a_late_answer_to_nothing_is_no_answer_to_the_next(fetcher: Fetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(exchange.path.encode()))
        if exchange.path == "/1":
            await asked.wait()
            await exchange.send(answer(b"smuggled"))
            sent.set()

    asked, sent = asyncio.Event(), asyncio.Event()
    async with RawServer(script) as server:
        await fetcher.fetch(FetchRequest(url=server.url("/1")))
        asked.set()
        await sent.wait()
        second = await fetcher.fetch(FetchRequest(url=server.url("/2")))

    assert second.body == b"/2"
    assert [exchange.connection for exchange in server.exchanges] == [1, 2]


@pytest.mark.parametrize("client", ["aiohttp"], indirect=True)  # a thread cannot be cancelled
async def test_a_request_cancelled_inside_its_body_leaves_no_trace(
    fetcher: Fetcher,
) -> None:
    begun: asyncio.Queue[str] = asyncio.Queue()

    async def script(exchange: Exchange) -> None:
        body = exchange.path.encode() * 100
        whole = answer(body)
        if not exchange.path.startswith("/hang"):
            await exchange.send(whole)
            return
        await exchange.send(whole[:-50])
        begun.put_nowait(exchange.path)
        await exchange.hold()

    async with RawServer(script) as server:
        for n in range(20):
            hanging = asyncio.create_task(fetcher.fetch(FetchRequest(url=server.url(f"/hang{n}"))))
            await begun.get()
            hanging.cancel()
            with pytest.raises(asyncio.CancelledError):
                await hanging
            response = await fetcher.fetch(FetchRequest(url=server.url(f"/good{n}")))
            assert response.body == f"/good{n}".encode() * 100
