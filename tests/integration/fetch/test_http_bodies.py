from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from email.utils import formatdate

import pytest

from crawler.errors import FetchError
from crawler.fetch.cookie_jar import CookieJar
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest
from crawler.outcome import ErrorClass
from crawler.testing.raw_server import Exchange, RawServer, answer

NewFetcher = Callable[..., AbstractAsyncContextManager[Fetcher]]

PAGE = b"<html>" + b"some words, " * 2_000 + b"</html>"
GZIP = {"content_encoding": "gzip"}


async def test_a_compressed_body_is_decoded_and_its_wire_size_kept(
    fetcher: Fetcher,
) -> None:
    packed = gzip.compress(PAGE)
    async with RawServer(answer(packed, **GZIP)) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert (response.body, response.wire_size) == (PAGE, len(packed))
    assert server.exchanges[0].fields["accept-encoding"].startswith("gzip, deflate")


async def test_a_compressed_body_may_come_byte_by_byte(fetcher: Fetcher) -> None:
    packed = gzip.compress(b"hello")

    async def script(exchange: Exchange) -> None:
        chunks = [b"1\r\n" + packed[n : n + 1] + b"\r\n" for n in range(len(packed))]
        await exchange.send(answer(transfer_encoding="chunked", **GZIP), *chunks, b"0\r\n\r\n")

    async with RawServer(script) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert response.body == b"hello"


@pytest.mark.parametrize("length", [{}, {"content_length": ""}], ids=["length", "until-close"])
async def test_a_cut_gzip_stream_is_truncated_however_it_is_framed(
    fetcher: Fetcher, length: dict[str, str]
) -> None:
    raw = answer(gzip.compress(PAGE)[:-20], **GZIP, **length)
    async with RawServer(raw) as server:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(FetchRequest(url=server.url()))

    assert (caught.value.kind, caught.value.status) == (ErrorClass.TRUNCATED, 200)


async def endless(exchange: Exchange) -> None:
    await exchange.send(answer(transfer_encoding="chunked", content_type="text/html"))
    while not exchange.is_over:
        await exchange.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


async def test_an_endless_body_is_too_large(fetcher: Fetcher) -> None:
    async with RawServer(endless) as server:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(FetchRequest(url=server.url()))

    assert caught.value.kind == ErrorClass.TOO_LARGE


async def test_a_body_is_refused_by_the_length_it_announces(fetcher: Fetcher) -> None:
    async with RawServer(answer(content_length="1000001")) as server:
        with pytest.raises(FetchError, match="announces 1000001") as caught:
            await fetcher.fetch(FetchRequest(url=server.url()))

    assert caught.value.kind == ErrorClass.TOO_LARGE


async def test_a_request_may_have_a_size_limit_of_its_own(fetcher: Fetcher) -> None:
    async with RawServer(answer(PAGE)) as server:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(FetchRequest(url=server.url(), max_body=100))

    assert caught.value.kind == ErrorClass.TOO_LARGE


@pytest.mark.parametrize("length", [{}, {"content_length": ""}], ids=["announced", "until-close"])
async def test_a_body_that_may_be_cut_keeps_its_beginning(
    fetcher: Fetcher, length: dict[str, str]
) -> None:
    async with RawServer(answer(b"Disallow: /x\n" * 100_000, **length)) as server:
        response = await fetcher.fetch(
            FetchRequest(url=server.url(), any_type=True, max_body=500_000, cut=True)
        )

    assert response.body.startswith(b"Disallow: /x\n")
    assert 100_000 < len(response.body) <= 500_000
    assert "body_cut" in response.flags


async def test_a_bomb_is_too_large(fetcher: Fetcher) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(100)) + packer.flush()
    async with RawServer(answer(bomb, **GZIP)) as server:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(FetchRequest(url=server.url()))

    assert caught.value.kind == ErrorClass.TOO_LARGE


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(answer(PAGE[:50], status="404 Not Found", content_length="9999"), id="cut"),
        pytest.param(
            answer(gzip.compress(PAGE)[:-9], status="404 Not Found", **GZIP), id="cut-gzip"
        ),
        pytest.param(
            answer(content_length="99999999", status="404 Not Found"), id="announced-too-large"
        ),
    ],
)
async def test_an_error_page_keeps_its_status_whatever_its_body_does(
    fetcher: Fetcher, raw: bytes
) -> None:
    async with RawServer(raw) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert (response.status, response.flags) == (404, ("body_cut",))


async def test_the_body_of_a_redirect_is_thrown_away_and_its_connection_kept(
    fetcher: Fetcher,
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(PAGE, status="302 Found", location="/b"))

    async with RawServer(script) as server:
        first = await fetcher.fetch(FetchRequest(url=server.url("/a")))
        await fetcher.fetch(FetchRequest(url=server.url("/b")))

    assert (first.status, first.body, first.headers["location"]) == (302, b"", b"/b")
    assert server.connections == 1


async def test_the_endless_body_of_a_redirect_is_left(fetcher: Fetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(status="301 Moved", transfer_encoding="chunked", location="/b"))
        while not exchange.is_over:
            await exchange.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    async with RawServer(script) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert (response.status, response.body) == (301, b"")


async def test_a_redirect_without_location_is_read_like_a_page(fetcher: Fetcher) -> None:
    async with RawServer(answer(b"where?", status="302 Found")) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert response.body == b"where?"


async def test_an_unwanted_type_is_not_read(new_fetcher: NewFetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(content_type="video/mp4", content_length="900000000"))
        await exchange.hold()

    async with RawServer(script) as server, new_fetcher(accept=("text/html",)) as fetcher:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert (response.body, response.flags) == (b"", ("unwanted_type",))
    assert response.media_type == "video/mp4"


@pytest.mark.parametrize(
    ("fields", "any_type"),
    [
        pytest.param({"content_type": "TEXT/html; charset=x"}, False, id="wanted"),
        pytest.param({"content_type": "image/png"}, False, id="wanted-family"),
        pytest.param({}, False, id="no-type"),
        pytest.param({"content_type": "text/plain"}, True, id="any-type-asked-for"),
    ],
)
async def test_a_wanted_type_is_read(
    new_fetcher: NewFetcher, fields: dict[str, str], any_type: bool
) -> None:
    accept = ("text/html", "image/*")
    async with (
        RawServer(answer(b"body", **fields)) as server,
        new_fetcher(accept=accept) as fetcher,
    ):
        response = await fetcher.fetch(FetchRequest(url=server.url(), any_type=any_type))

    assert response.body == b"body"


async def test_head_has_no_body_and_its_connection_is_kept(fetcher: Fetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(content_length="5000", **GZIP))

    async with RawServer(script) as server:
        for _ in range(2):
            response = await fetcher.fetch(FetchRequest(url=server.url(), method="HEAD"))

    assert (response.body, server.connections) == (b"", 1)


async def test_a_post_carries_its_body(fetcher: Fetcher) -> None:
    async with RawServer(answer(b"ok")) as server:
        headers = (("content-type", b"text/plain"), ("x-a", b"1"), ("X-A", b"2"))
        await fetcher.fetch(
            FetchRequest(url=server.url(), method="POST", body=b"data", headers=headers)
        )

    sent = server.exchanges[0]
    assert (sent.method, sent.fields["content-length"]) == ("POST", "4")
    assert (sent.fields["content-type"], sent.fields["x-a"]) == ("text/plain", "1, 2")


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("GET", b"", None),
        ("POST", b"", "0"),
        ("DELETE", b"", "0"),
        ("PATCH", b"a" * 99_999, "99999"),
    ],
)
async def test_every_client_sends_the_same_fields(
    fetcher: Fetcher, method: str, body: bytes, length: str | None
) -> None:
    lying = (("content-length", b"7"), ("transfer-encoding", b"chunked"), ("accept", b""))
    async with RawServer(answer(b"ok")) as server:
        await fetcher.fetch(FetchRequest(url=server.url(), method=method, body=body, headers=lying))

    sent = dict(server.exchanges[0].fields)
    assert sent.pop("content-length", None) == length
    assert sent.pop("accept-encoding")
    assert sent == {"host": f"127.0.0.1:{server.port}", "user-agent": "test/1", "accept": ""}


@pytest.mark.parametrize(
    "field", [("x-a", b"1\r\nEvil: 1"), ("x a", b"1"), ("x:a", b"1"), ("x\r\nEvil", b"1")]
)
async def test_a_field_cannot_smuggle_another(fetcher: Fetcher, field: tuple[str, bytes]) -> None:
    async with RawServer(answer(b"ok")) as server:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(FetchRequest(url=server.url(), headers=(field,)))

    assert caught.value.kind == ErrorClass.PROTOCOL
    assert not server.exchanges


async def test_cookies_are_learnt_and_sent_by_our_jar_alone(new_fetcher: NewFetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(b"x", set_cookie="sid=1; Path=/in", x_other="y"))

    jar = CookieJar()
    async with RawServer(script) as server, new_fetcher(jar=jar) as fetcher:
        first = await fetcher.fetch(FetchRequest(url=server.url("/in/a")))
        await fetcher.fetch(FetchRequest(url=server.url("/in/b"), cookies=(("own", "2"),)))
        await fetcher.fetch(FetchRequest(url=server.url("/out")))
        silent = await fetcher.fetch(FetchRequest(url=server.url("/in/c"), use_jar=False))

    assert [cookie.name for cookie in first.cookies_set] == ["sid"]
    assert [e.fields.get("cookie") for e in server.exchanges] == [None, "own=2; sid=1", None, None]
    assert (len(jar), silent.cookies_set) == (1, ())


async def test_retry_after_comes_back_in_seconds(fetcher: Fetcher) -> None:
    fields = {"retry_after": formatdate(1_000_000_090, usegmt=True)}
    date = formatdate(1_000_000_000, usegmt=True)
    raw = answer(status="503 Busy", date=date, **fields)
    async with RawServer(raw) as server:
        response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert (response.status, response.retry_after) == (503, 90.0)


async def test_fields_of_the_fetcher_go_with_every_request(new_fetcher: NewFetcher) -> None:
    headers = {"Accept": "text/x-own", "X-Team": "docs"}
    async with RawServer(answer(b"x")) as server, new_fetcher(headers=headers) as fetcher:
        await fetcher.fetch(FetchRequest(url=server.url()))

    sent = server.exchanges[0].fields
    assert (sent["accept"], sent["x-team"], sent["user-agent"]) == ("text/x-own", "docs", "test/1")
