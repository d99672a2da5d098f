"""Claims about single POSTs, against a server that sends what it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import pytest

from crawler.notify.courier import NotTold
from crawler.notify.http_post import Poster, address_of
from crawler.policy.access import proxy_of
from crawler.testing.authority import Certificate, CertificateAuthority
from crawler.testing.loopback_proxy import LoopbackProxy
from crawler.testing.raw_server import Exchange, RawServer, answer

Trust = Callable[[str], ssl.SSLContext]


def nobody(_: str) -> ssl.SSLContext:
    return ssl.create_default_context()


async def post(
    url: str, poster: Poster | None = None, seconds: float = 30, body: bytes = b"x"
) -> None:
    ready = poster or Poster(nobody)
    await asyncio.to_thread(ready.post, address_of(url), body, {"X-Own": "1"}, seconds)


async def test_a_post_is_sent_whole_with_the_fields_it_was_given() -> None:
    async with RawServer(answer(status="204 No Content")) as server:
        await post(server.url("/a?b=c"), body="{“}".encode())

    (sent,) = server.exchanges
    assert (sent.method, sent.path, sent.body) == ("POST", "/a?b=c", "{“}".encode())
    assert sent.fields["x-own"] == "1"
    assert sent.fields["host"] == f"127.0.0.1:{server.port}"
    assert sent.fields["user-agent"].startswith("crawler/")
    assert "authorization" not in sent.fields


async def test_a_user_in_an_address_is_sent_by_basic_authentication() -> None:
    async with RawServer(answer()) as server:
        await post(server.url("/").replace("://", "://u:p@"))

    assert server.exchanges[0].fields["authorization"] == "Basic dTpw"


@pytest.mark.parametrize(
    ("status", "passing"),
    [("500 E", True), ("503 E", True), ("429 E", True), ("404 E", False), ("401 E", False)],
)
async def test_a_bad_status_is_an_error_that_may_pass_or_not(status: str, passing: bool) -> None:
    async with RawServer(answer(b"SECRET", status=status)) as server:
        with pytest.raises(NotTold, match=f"answered {status[:3]}$") as caught:
            await post(server.url("/SECRET"))

    assert caught.value.passing is passing
    assert "SECRET" not in str(caught.value)


async def test_no_redirect_is_followed() -> None:
    async with RawServer(answer()) as other:
        moved = answer(status="307 Moved", location=other.url("/SECRET"))
        async with RawServer(moved) as server:
            with pytest.raises(NotTold, match="answered 307; write the address") as caught:
                await post(server.url())

    assert not other.exchanges
    assert not caught.value.passing


async def test_a_server_that_says_nothing_is_left_in_time() -> None:
    async with RawServer(Exchange.hold) as server:
        with pytest.raises(NotTold, match=r"did not answer within 0\.1 s"):
            await post(server.url(), seconds=0.1)


async def test_a_server_that_sends_a_byte_now_and_then_is_left_in_time() -> None:
    async def drip(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n")
        while not exchange.is_over:
            await exchange.send(b"X: y\r\n")
            await asyncio.sleep(0.01)

    async with RawServer(drip) as server:
        with pytest.raises(NotTold):
            await post(server.url(), seconds=0.3)


@pytest.mark.parametrize("raw", [b"", b"SSH-2.0-SECRET\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n"])
async def test_what_is_no_http_is_said_and_not_repeated(raw: bytes) -> None:
    async def play(exchange: Exchange) -> None:
        await exchange.send(raw)
        exchange.close()

    async with RawServer(play) as server:
        with pytest.raises(NotTold, match=r"closed|no HTTP") as caught:
            await post(server.url())

    assert "SECRET" not in str(caught.value)


async def test_nobody_who_listens_is_said() -> None:
    async with RawServer(answer()) as server:
        url = server.url()

    with pytest.raises(NotTold, match="refused") as caught:
        await post(url)

    assert caught.value.passing


async def test_a_certificate_must_be_trusted(authority: CertificateAuthority, trust: Trust) -> None:
    tls = authority.context(Certificate.GOOD, "127.0.0.1", "localhost")
    async with RawServer(answer(), tls=tls) as server:
        await post(server.url(), Poster(trust))
        with pytest.raises(NotTold, match="is not trusted") as caught:
            await post(server.url(), Poster(nobody))

    assert not caught.value.passing


async def test_a_proxy_is_asked_if_one_is_named_and_never_one_of_the_environment(
    authority: CertificateAuthority, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    tls = authority.context(Certificate.GOOD, "127.0.0.1", "localhost")
    async with (
        RawServer(answer()) as plain, RawServer(answer(), tls=tls) as secure,
        LoopbackProxy(user="u:p") as proxy,
    ):  # fmt: skip
        await post(plain.url())
        through = Poster(trust, proxy_of(proxy.url.replace("://", "://u:p@")))
        await post(plain.url("/a"), through, body=b"")
        await post(secure.url("/b"), through, body=b"body")

    assert [one.method for one in proxy.seen] == ["POST", "CONNECT"]
    assert proxy.seen[0].target == plain.url("/a")
    assert secure.exchanges[0].body == b"body"
    assert "proxy-authorization" not in secure.exchanges[0].fields
