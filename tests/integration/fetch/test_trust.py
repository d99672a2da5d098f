"""Claims about certificates: whose are trusted, and to whom ours are shown; of both fetchers."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from crawler.errors import FetchError
from crawler.fetch.access import UNVERIFIED, Access
from crawler.fetch.tls_context import ClientCert, TlsContexts, TlsRules
from crawler.messages import FetchRequest
from crawler.outcome import ErrorClass
from crawler.testing.authority import Certificate, CertificateAuthority
from crawler.testing.raw_server import Exchange, RawServer, answer

if TYPE_CHECKING:
    from tests.integration.fetch.conftest import Names, NewFetcher

WRONG = [one for one in Certificate if one is not Certificate.GOOD]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


async def hello(exchange: Exchange) -> None:
    await exchange.send(answer(b"hello", content_type="text/html"))


def trusting(authority: CertificateAuthority, **rules: object) -> Access:
    made = TlsRules(ca_file=str(authority.root), **rules)  # type: ignore[arg-type]
    return Access(tls=TlsContexts(made))


@contextmanager
def plain_spoken(tls: ssl.SSLContext) -> Iterator[int]:
    """Serve TLS as most servers do, which say why they refuse; asyncio's only hang up."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                made, _ = listening.accept()
                with made, suppress(OSError), tls.wrap_socket(made, server_side=True) as secure:
                    secure.recv(65_536)
                    secure.sendall(answer(b"hello"))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


async def test_an_authority_of_the_config_is_trusted(
    new_fetcher: NewFetcher, authority: CertificateAuthority
) -> None:
    tls = authority.context(Certificate.GOOD, "127.0.0.1", "good.test")
    async with RawServer(hello, tls=tls) as server:
        async with new_fetcher(access=trusting(authority)) as fetcher:
            got = await fetcher.fetch(FetchRequest(url=server.url()))
        async with new_fetcher() as fetcher:
            with pytest.raises(FetchError) as failed:
                await fetcher.fetch(FetchRequest(url=server.url()))
    assert (got.body, got.flags) == (b"hello", ())
    assert failed.value.kind == ErrorClass.TLS


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_certificate_is_refused_and_nothing_is_sent(
    new_fetcher: NewFetcher, authority: CertificateAuthority, wrong: Certificate
) -> None:
    tls = authority.context(wrong, "127.0.0.1", "wrong.test")
    async with (
        RawServer(hello, tls=tls) as server,
        new_fetcher(access=trusting(authority)) as fetcher,
    ):
        with pytest.raises(FetchError, match="cannot trust") as failed:
            await fetcher.fetch(FetchRequest(url=server.url()))
    assert failed.value.kind == ErrorClass.TLS
    assert server.exchanges == []


@pytest.mark.parametrize("wrong", WRONG)
async def test_verification_is_off_for_the_named_host_alone(
    new_fetcher: NewFetcher, authority: CertificateAuthority, names: Names, wrong: Certificate
) -> None:
    names.known |= {"named.test": "127.0.0.1", "other.test": "127.0.0.1"}
    tls = authority.context(wrong, "127.0.0.1", "wrong.test")
    access = trusting(authority, unverified=("named.test",))
    async with RawServer(hello, tls=tls) as server, new_fetcher(access=access) as fetcher:
        for _ in range(2):  # before and after there is a connection to be shared
            got = await fetcher.fetch(FetchRequest(url=f"https://named.test:{server.port}/"))
            assert got.flags == (UNVERIFIED,)
            for host in ("other.test", "127.0.0.1"):
                with pytest.raises(FetchError) as failed:
                    await fetcher.fetch(FetchRequest(url=f"https://{host}:{server.port}/"))
                assert failed.value.kind == ErrorClass.TLS
    assert len(server.exchanges) == 2


async def test_an_entry_with_a_port_is_for_that_port(
    new_fetcher: NewFetcher, authority: CertificateAuthority
) -> None:
    tls = authority.context(Certificate.SELF_SIGNED, "127.0.0.1", "self.test")
    async with RawServer(hello, tls=tls) as named, RawServer(hello, tls=tls) as other:
        access = trusting(authority, unverified=(f"127.0.0.1:{named.port}",))
        async with new_fetcher(access=access) as fetcher:
            await fetcher.fetch(FetchRequest(url=named.url()))
            with pytest.raises(FetchError):
                await fetcher.fetch(FetchRequest(url=other.url()))


@pytest.mark.parametrize(
    ("spoken", "wanted", "is_good"),
    [("TLSv1", "1.2", False), ("TLSv1_2", "1.2", True), ("TLSv1_2", "1.3", False)],
)
async def test_no_older_tls_is_spoken_than_the_config_wants(
    new_fetcher: NewFetcher,
    authority: CertificateAuthority,
    spoken: str,
    wanted: str,
    is_good: bool,
) -> None:
    tls = authority.context(Certificate.GOOD, "127.0.0.1", "good.test")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion[spoken]
    tls.set_ciphers("ALL:@SECLEVEL=0")
    access = trusting(authority, min_version=wanted, unverified=())
    with plain_spoken(tls) as port:
        async with new_fetcher(access=access) as fetcher:
            if is_good:
                got = await fetcher.fetch(FetchRequest(url=f"https://127.0.0.1:{port}/"))
                assert got.status == 200
            else:
                with pytest.raises(FetchError, match="version") as failed:
                    await fetcher.fetch(FetchRequest(url=f"https://127.0.0.1:{port}/"))
                assert failed.value.kind == ErrorClass.TLS


async def test_our_certificate_is_shown_to_its_origin_alone(
    new_fetcher: NewFetcher, authority: CertificateAuthority
) -> None:
    tls = authority.context(Certificate.GOOD, "127.0.0.1", "good.test")
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.load_verify_locations(authority.root)
    shown: list[object] = []

    async def note(exchange: Exchange) -> None:
        shown.append(exchange._writer.get_extra_info("peercert") or None)
        await hello(exchange)

    stem = authority.root.parent / "127.0.0.1-good"
    own = ClientCert(f"{stem}.pem", f"{stem}.key")
    async with RawServer(note, tls=tls) as home, RawServer(note, tls=tls) as other:
        access = trusting(authority, client_certs={home.url().rstrip("/"): own})
        async with new_fetcher(access=access) as fetcher:
            for server in (home, other, home):
                await fetcher.fetch(FetchRequest(url=server.url()))
    assert [one is not None for one in shown] == [True, False, True]


async def test_a_file_that_is_gone_is_said_to_be(
    new_fetcher: NewFetcher, authority: CertificateAuthority
) -> None:
    access = Access(tls=TlsContexts(TlsRules(ca_file="/nowhere/root.pem")))
    async with new_fetcher(access=access) as fetcher:
        with pytest.raises(FetchError, match=r"a file of fetch\.tls") as failed:
            await fetcher.fetch(FetchRequest(url="https://shop.test/"))
    assert failed.value.kind == ErrorClass.TLS
