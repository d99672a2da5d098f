from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import pytest

from crawler.errors import FetchError
from crawler.fetch.addresses import AddressGuard
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest
from crawler.outcome import ErrorClass
from crawler.testing.conversations import Conversations
from crawler.testing.raw_server import Exchange, RawServer, answer

ONLY_AIOHTTP = pytest.mark.parametrize("client", ["aiohttp"], indirect=True)


class Names(Protocol):
    """The name servers; made by the fixture `names`."""

    known: dict[str, str]
    asked: list[str]
    may_answer: threading.Event


NewFetcher = Callable[..., AbstractAsyncContextManager[Fetcher]]


async def failure(fetcher: Fetcher, request: FetchRequest) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(request)
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def drop(exchange: Exchange) -> None:
    exchange.close()


async def test_one_connection_serves_many_requests(fetcher: Fetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(b"x" * 1000))

    async with RawServer(script) as server:
        for _ in range(5):
            await fetcher.fetch(FetchRequest(url=server.url()))

    assert server.connections == 1


@pytest.mark.parametrize("how", ["closed", "reset"])
async def test_a_kept_connection_that_goes_away_costs_one_silent_retry(
    fetcher: Fetcher, how: str
) -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.ordinal == 2:
            exchange.reset() if how == "reset" else exchange.close()
        else:
            await exchange.send(answer(b"ok"))

    async with RawServer(script) as server:
        await fetcher.fetch(FetchRequest(url=server.url("/1")))
        second = await fetcher.fetch(FetchRequest(url=server.url("/2")))

    assert second.body == b"ok"
    assert [e.path for e in server.exchanges] == ["/1", "/2", "/2"]
    assert server.connections == 2


async def test_a_server_that_always_drops_is_asked_twice_and_no_more(
    fetcher: Fetcher,
) -> None:
    async with RawServer(drop) as server:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == ErrorClass.CONNECT
    assert len(server.exchanges) == 2


async def test_a_post_is_never_sent_twice(fetcher: Fetcher) -> None:
    async with RawServer(drop) as server:
        error = await failure(fetcher, FetchRequest(url=server.url(), method="POST", body=b"pay=1"))

    assert error.kind == ErrorClass.CONNECT
    assert len(server.exchanges) == 1


async def test_a_refused_connection_is_a_connect_error(fetcher: Fetcher) -> None:
    error = await failure(fetcher, FetchRequest(url=f"http://127.0.0.1:{free_port()}/"))

    assert error.kind == ErrorClass.CONNECT
    assert error.status is None


async def test_silence_ends_in_a_timeout(new_fetcher: NewFetcher) -> None:
    async with RawServer(Exchange.hold) as server, new_fetcher(timeout=0.05) as fetcher:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == ErrorClass.TIMEOUT


async def test_a_request_may_have_a_timeout_of_its_own(fetcher: Fetcher) -> None:
    async with RawServer(Exchange.hold) as server:
        error = await failure(fetcher, FetchRequest(url=server.url(), timeout=0.05))

    assert error.kind == ErrorClass.TIMEOUT


async def test_silence_inside_a_body_ends_in_a_timeout(new_fetcher: NewFetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(b"ha", content_length="4"))
        await exchange.hold()

    async with RawServer(script) as server, new_fetcher(timeout=0.05) as fetcher:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert (error.kind, error.status) == (ErrorClass.TIMEOUT, 200)


@ONLY_AIOHTTP
async def test_an_answer_that_comes_before_the_request_was_taken_ends_the_connection(
    fetcher: Fetcher,
) -> None:
    heard, conversations = [], Conversations()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer(b"said"))
        await asyncio.Event().wait()  # and takes nothing more

    server = await asyncio.start_server(conversations.having(talk), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    large = FetchRequest(url=url, method="POST", body=b"x" * 30_000_000)
    answers = [await fetcher.fetch(one) for one in (large, FetchRequest(url=url))]
    await conversations.end(server)

    assert [one.body for one in answers] == [b"said", b"said"]
    assert [one[:5] for one in heard] == [b"POST ", b"GET /"]


async def drip(exchange: Exchange, head: bytes) -> None:
    """Send a byte now and then, so that no read ever waits long."""
    await exchange.send(head)
    while not exchange.is_over:
        await exchange.send(b"x")
        await asyncio.sleep(0.005)


async def test_a_header_that_drips_in_has_a_limit_in_all(new_fetcher: NewFetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await drip(exchange, b"HTTP/1.1 200 OK\r\nX-A: ")

    limits = {"timeout": 0.1, "connect_timeout": 0.1, "deadline": 60.0}
    async with RawServer(script) as server, new_fetcher(**limits) as fetcher:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == ErrorClass.TIMEOUT


async def test_a_body_that_drips_in_ends_at_the_deadline(new_fetcher: NewFetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await drip(exchange, b"HTTP/1.1 200 OK\r\n\r\n")

    async with RawServer(script) as server, new_fetcher(deadline=0.2) as fetcher:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert (error.kind, error.status) == (ErrorClass.TIMEOUT, 200)


async def test_a_body_that_drips_in_is_below_the_least_rate(new_fetcher: NewFetcher) -> None:
    async def script(exchange: Exchange) -> None:
        await drip(exchange, b"HTTP/1.1 200 OK\r\n\r\n")

    limits = {"rate_window": 0.1, "min_rate": 100_000.0}
    async with RawServer(script) as server, new_fetcher(**limits) as fetcher:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == ErrorClass.TIMEOUT
    assert "bytes a second" in str(error)


@ONLY_AIOHTTP  # a thread cannot be cancelled; see test_threads_client for what ends it
async def test_cancelling_a_fetch_is_no_timeout(fetcher: Fetcher) -> None:
    arrived = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        arrived.set()
        await exchange.hold()

    async with RawServer(script) as server:
        task = asyncio.create_task(fetcher.fetch(FetchRequest(url=server.url())))
        await arrived.wait()
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_missing_name_is_a_dns_error_and_remembered(fetcher: Fetcher, names: Names) -> None:
    errors = [await failure(fetcher, FetchRequest(url="http://nowhere.invalid/")) for _ in range(3)]

    assert [error.kind for error in errors] == [ErrorClass.DNS] * 3
    assert "cannot connect to nowhere.invalid:80" in str(errors[0])
    assert names.asked == ["nowhere.invalid"]


async def test_a_name_server_that_is_silent_is_no_slow_host(
    new_fetcher: NewFetcher, names: Names
) -> None:
    names.may_answer.clear()
    try:
        async with new_fetcher(connect_timeout=0.05) as fetcher:
            error = await failure(fetcher, FetchRequest(url="http://slow.test/"))
    finally:
        names.may_answer.set()

    assert error.kind == ErrorClass.DNS
    assert "slow.test:80: the name servers did not answer in time" in str(error)


async def test_a_private_address_is_refused_before_any_connection(new_fetcher: NewFetcher) -> None:
    async with RawServer(answer(b"secret")) as server:
        guard = AddressGuard("start", [("127.0.0.1", server.port + 1), ("127.0.0.2", server.port)])
        async with new_fetcher(guard=guard) as fetcher:
            error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == ErrorClass.ADDRESS
    assert server.connections == 0


async def test_a_named_private_address_is_allowed_at_its_port(new_fetcher: NewFetcher) -> None:
    async with RawServer(answer(b"mine")) as server:
        guard = AddressGuard("start", [("127.0.0.1", server.port)])
        async with new_fetcher(guard=guard) as fetcher:
            response = await fetcher.fetch(FetchRequest(url=server.url()))

    assert response.body == b"mine"


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        pytest.param([], ErrorClass.ADDRESS, id="nobody-named-it"),
        pytest.param(["inside.test"], None, id="a-start-url-named-it"),
    ],
)
async def test_a_name_is_judged_by_what_it_resolves_to(
    new_fetcher: NewFetcher, names: Names, named: list[str], kind: ErrorClass | None
) -> None:
    names.known["inside.test"] = "127.0.0.1"
    async with RawServer(answer(b"inside")) as server:
        guard = AddressGuard("start", [(name, server.port) for name in named])
        async with new_fetcher(guard=guard) as fetcher:
            request = FetchRequest(url=f"http://inside.test:{server.port}/")
            if kind is None:
                assert (await fetcher.fetch(request)).body == b"inside"
                assert server.exchanges[0].fields["host"] == f"inside.test:{server.port}"
            else:
                assert (await failure(fetcher, request)).kind == kind

    assert server.connections == (1 if named else 0)


async def test_cookies_keep_to_their_domain(new_fetcher: NewFetcher, names: Names) -> None:
    async def script(exchange: Exchange) -> None:
        cookies = "own=1\r\nSet-Cookie: wide=2; Domain=site.test\r\nSet-Cookie: bad=3; Domain=test"
        await exchange.send(answer(b"x", set_cookie=cookies))

    names.known = dict.fromkeys(("a.site.test", "b.site.test", "other.test"), "127.0.0.1")
    async with RawServer(script) as server, new_fetcher() as fetcher:
        for host in ("a.site.test", "a.site.test", "b.site.test", "other.test"):
            await fetcher.fetch(FetchRequest(url=f"http://{host}:{server.port}/"))

    sent = [exchange.fields.get("cookie") for exchange in server.exchanges]
    assert sent == [None, "own=1; wide=2", "wide=2", None]


@pytest.fixture(scope="module")
def own_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a certificate for 127.0.0.1 and localhost that vouches for itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    options = (
        "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x "
        "-addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout key.pem -out cert.pem"
    )
    subprocess.run(
        ["openssl", "req", *options.split()],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def tls(own_ca: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(own_ca / "cert.pem", own_ca / "key.pem")
    return made


@pytest.fixture
def trusted(own_ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both fetchers trust the certificate, as the system's store would."""
    monkeypatch.setenv("SSL_CERT_FILE", str(own_ca / "cert.pem"))
    # aiohttp reads the store as it is imported.
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context())


async def test_an_untrusted_certificate_is_a_tls_error(
    fetcher: Fetcher, tls: ssl.SSLContext
) -> None:
    async with RawServer(answer(b"x"), tls=tls) as server:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert error.kind == ErrorClass.TLS
    assert not server.exchanges


@pytest.mark.usefixtures("trusted")
async def test_pages_come_over_tls_on_one_connection(fetcher: Fetcher, tls: ssl.SSLContext) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(answer(b"private" * 20_000))

    async with RawServer(script, tls=tls) as server:
        bodies = {(await fetcher.fetch(FetchRequest(url=server.url()))).body for _ in range(3)}

    assert bodies == {b"private" * 20_000}
    assert server.connections == 1


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("parts", [1, 2, 3, 4])
async def test_silence_over_tls_ends_in_a_timeout(
    new_fetcher: NewFetcher, tls: ssl.SSLContext, parts: int
) -> None:
    async def script(exchange: Exchange) -> None:
        for part in (b"HTTP/1.1 200 OK\r\n", b"Content-Length: 4\r\n\r\n", b"h", b"a")[:parts]:
            await exchange.send(part)
            await asyncio.sleep(0)
        await exchange.hold()

    async with RawServer(script, tls=tls) as server, new_fetcher(timeout=0.1) as fetcher:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert (error.kind, str(error)) == (ErrorClass.TIMEOUT, "nothing came in time")


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_for_another_name_is_a_tls_error(
    fetcher: Fetcher, tls: ssl.SSLContext, names: Names
) -> None:
    names.known["another.test"] = "127.0.0.1"
    async with RawServer(answer(b"x"), tls=tls) as server:
        error = await failure(fetcher, FetchRequest(url=f"https://another.test:{server.port}/"))

    assert error.kind == ErrorClass.TLS
    assert "certificate" in str(error)


@pytest.mark.usefixtures("trusted")
async def test_the_name_goes_with_the_handshake(
    fetcher: Fetcher, tls: ssl.SSLContext, names: Names
) -> None:
    heard: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: heard.append(name)
    names.known["localhost"] = "127.0.0.1"
    async with RawServer(answer(b"x"), tls=tls) as server:
        await fetcher.fetch(FetchRequest(url=f"https://localhost:{server.port}/"))

    assert heard == ["localhost"]


@pytest.mark.usefixtures("trusted")
async def test_a_body_cut_inside_tls_is_truncated(fetcher: Fetcher, tls: ssl.SSLContext) -> None:
    async with RawServer(answer(b"half", content_length="10"), tls=tls) as server:
        error = await failure(fetcher, FetchRequest(url=server.url()))

    assert (error.kind, error.status) == (ErrorClass.TRUNCATED, 200)


async def meet(fetcher: Fetcher, reply: bytes) -> FetchError:
    """Ask over TLS where the first byte of the handshake is answered by this, and an end."""

    async def blurt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(reply)

    conversations = Conversations()
    server = await asyncio.start_server(conversations.having(blurt), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        return await failure(fetcher, FetchRequest(url=f"https://127.0.0.1:{port}/"))
    finally:
        await conversations.end(server)


async def test_plain_http_on_a_tls_port_is_a_protocol_error(fetcher: Fetcher) -> None:
    error = await meet(fetcher, b"HTTP/1.1 400 Bad Request\r\n\r\n")

    assert error.kind == ErrorClass.PROTOCOL
    assert str(error).endswith("what answers there does not speak TLS")


async def test_an_end_inside_the_handshake_is_no_connection(fetcher: Fetcher) -> None:
    assert (await meet(fetcher, b"")).kind == ErrorClass.CONNECT


@pytest.mark.usefixtures("trusted")
async def test_proxies_of_the_environment_are_not_asked(
    fetcher: Fetcher, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with RawServer(answer(b"straight")) as plain, RawServer(answer(b"on"), tls=tls) as safe:
        bodies = [
            (await fetcher.fetch(FetchRequest(url=server.url()))).body for server in (plain, safe)
        ]

    assert bodies == [b"straight", b"on"]
