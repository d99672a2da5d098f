"""Claims about requests that go through a proxy, of both fetchers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from crawler.errors import FetchError
from crawler.fetch.access import Access
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.credentials import Credential, Credentials
from crawler.fetch.proxy_choice import ProxyChoice, ProxyRules
from crawler.fetch.tls_context import TlsContexts, TlsRules
from crawler.messages import FetchRequest
from crawler.outcome import ErrorClass
from crawler.policy.access import basic, proxy_of
from crawler.testing.authority import Certificate, CertificateAuthority
from crawler.testing.loopback_proxy import LoopbackProxy
from crawler.testing.raw_server import Exchange, RawServer, answer

if TYPE_CHECKING:
    from tests.integration.fetch.conftest import Names, NewFetcher

SECRET = "s3cret"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


async def hello(exchange: Exchange) -> None:
    await exchange.send(answer(b"hello", content_type="text/html"))


def through(*proxies: LoopbackProxy, user: str = "", tls: TlsContexts | None = None) -> Access:
    urls = [proxy.url.replace("://", f"://{user}@") if user else proxy.url for proxy in proxies]
    made = tuple(proxy_of(url) for url in urls)
    rules = ProxyRules(http=made, https=made, rotate="request")
    return Access(proxies=ProxyChoice(rules, time.monotonic), tls=tls)


def trusting(authority: CertificateAuthority) -> TlsContexts:
    return TlsContexts(TlsRules(ca_file=str(authority.root)))


async def test_a_page_comes_through_the_proxy(new_fetcher: NewFetcher) -> None:
    async with (
        RawServer(hello) as server,
        LoopbackProxy() as proxy,
        new_fetcher(access=through(proxy)) as fetcher,
    ):
        first = await fetcher.fetch(FetchRequest(url=server.url("/a?b=%2f")))
        await fetcher.fetch(FetchRequest(url=server.url("/c")))
    assert first.body == b"hello"
    assert [one.target for one in proxy.seen] == [server.url("/a?b=%2f"), server.url("/c")]


async def test_a_page_of_a_tls_site_comes_through_a_tunnel(
    new_fetcher: NewFetcher, authority: CertificateAuthority
) -> None:
    tls = authority.context(Certificate.GOOD, "127.0.0.1", "good.test")
    async with RawServer(hello, tls=tls) as server, LoopbackProxy(user="ann:pw") as proxy:
        access = through(proxy, user="ann:pw", tls=trusting(authority))
        async with new_fetcher(access=access) as fetcher:
            for path in ("/a", "/b"):
                got = await fetcher.fetch(FetchRequest(url=server.url(path)))
                assert got.body == b"hello"
    assert [one.method for one in proxy.seen] == ["CONNECT"], "the tunnel is used again"
    assert server.connections == 1
    assert proxy.seen[0].fields["user-agent"] == "test/1"
    assert all("proxy-authorization" not in one.fields for one in server.exchanges)


async def test_a_wrong_certificate_behind_a_proxy_is_refused(
    new_fetcher: NewFetcher, authority: CertificateAuthority
) -> None:
    tls = authority.context(Certificate.SELF_SIGNED, "127.0.0.1", "self.test")
    async with (
        RawServer(hello, tls=tls) as server,
        LoopbackProxy() as proxy,
        new_fetcher(access=through(proxy, tls=trusting(authority))) as fetcher,
    ):
        with pytest.raises(FetchError) as failed:
            await fetcher.fetch(FetchRequest(url=server.url()))
    assert failed.value.kind == ErrorClass.TLS
    assert server.exchanges == []


@pytest.mark.parametrize("secure", [False, True])
async def test_credentials_of_a_proxy_reach_neither_the_target_nor_another_proxy(
    new_fetcher: NewFetcher, authority: CertificateAuthority, secure: bool
) -> None:
    tls = authority.context(Certificate.GOOD, "127.0.0.1", "good.test") if secure else None
    async with (
        RawServer(hello, tls=tls) as server,
        LoopbackProxy(user=f"ann:{SECRET}") as closed,
        LoopbackProxy() as open_,
    ):
        proxies = (
            proxy_of(closed.url.replace("://", f"://ann:{SECRET}@")),
            proxy_of(open_.url),
        )
        choice = ProxyChoice(
            ProxyRules(http=proxies, https=proxies, rotate="request"), time.monotonic
        )
        access = Access(proxies=choice, tls=trusting(authority))
        own = (("proxy-authorization", b"Basic c3BpZGVy"),)
        async with new_fetcher(access=access) as fetcher:
            for number in range(6):
                url = server.url(f"/{number}")
                await fetcher.fetch(FetchRequest(url=url, headers=own))
    wanted = {basic("ann", SECRET)}
    assert {one.fields.get("proxy-authorization") for one in closed.seen} == wanted
    assert {one.fields.get("proxy-authorization") for one in open_.seen} == {None}
    assert len(server.exchanges) == 6
    assert all("proxy-authorization" not in one.fields for one in server.exchanges)


async def test_two_users_of_one_proxy_do_not_share_connections(
    new_fetcher: NewFetcher, authority: CertificateAuthority
) -> None:
    tls = authority.context(Certificate.GOOD, "127.0.0.1", "good.test")
    async with RawServer(hello, tls=tls) as server, LoopbackProxy() as proxy:
        made = tuple(proxy_of(proxy.url.replace("://", f"://{user}:x@")) for user in ("a", "b"))
        rules = ProxyRules(http=made, https=made, rotate="request")
        access = Access(proxies=ProxyChoice(rules, time.monotonic), tls=trusting(authority))
        async with new_fetcher(access=access) as fetcher:
            for number in range(6):
                await fetcher.fetch(FetchRequest(url=server.url(f"/{number}")))
    users = [one.fields["proxy-authorization"] for one in proxy.seen]
    assert sorted(users) == sorted({basic("a", "x"), basic("b", "x")})


async def test_a_dead_proxy_is_an_error_of_its_own_and_the_next_try_takes_another(
    new_fetcher: NewFetcher,
) -> None:
    async with LoopbackProxy() as gone:
        pass
    async with (
        RawServer(hello) as server,
        LoopbackProxy() as alive,
        new_fetcher(access=through(gone, alive)) as fetcher,
    ):
        with pytest.raises(FetchError, match="cannot connect to the proxy") as failed:
            await fetcher.fetch(FetchRequest(url=server.url()))
        for _ in range(4):
            got = await fetcher.fetch(FetchRequest(url=server.url()))
            assert got.body == b"hello"
    assert failed.value.kind == ErrorClass.PROXY


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("user", ["", f"ann:{SECRET}"])
async def test_a_proxy_that_wants_a_password_is_named_without_one(
    new_fetcher: NewFetcher, secure: bool, user: str
) -> None:
    url = "https://shop.test/" if secure else "http://shop.test/"
    async with (
        LoopbackProxy(user="bob:right") as proxy,
        new_fetcher(access=through(proxy, user=user)) as fetcher,
    ):
        with pytest.raises(FetchError) as failed:
            await fetcher.fetch(FetchRequest(url=url))
    assert failed.value.kind == ErrorClass.PROXY
    assert str(proxy.port) in str(failed.value)
    assert SECRET not in str(failed.value)
    assert ("refuses the credentials" if user else "wants a user") in str(failed.value)
    assert len(proxy.seen) == 1, "a challenge is not answered again"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, ErrorClass.PROXY), (502, ErrorClass.CONNECT), (301, ErrorClass.PROXY)],
)
async def test_what_a_proxy_says_to_connect_is_told_apart(
    new_fetcher: NewFetcher, status: int, kind: ErrorClass
) -> None:
    async with (
        LoopbackProxy(status=status) as proxy,
        new_fetcher(access=through(proxy)) as fetcher,
    ):
        with pytest.raises(FetchError, match=str(status)) as failed:
            await fetcher.fetch(FetchRequest(url="https://shop.test/"))
    assert failed.value.kind == kind


async def test_a_proxy_that_hangs_up_at_connect_is_to_blame(new_fetcher: NewFetcher) -> None:
    async def hang_up(exchange: Exchange) -> None:
        exchange.close()

    async with RawServer(hang_up) as proxy:
        made = (proxy_of(proxy.url().rstrip("/")),)
        access = Access(proxies=ProxyChoice(ProxyRules(https=made), time.monotonic))
        async with new_fetcher(access=access) as fetcher:
            with pytest.raises(FetchError, match="no answer to CONNECT") as failed:
                await fetcher.fetch(FetchRequest(url="https://shop.test/"))
    assert failed.value.kind == ErrorClass.PROXY


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:9/", "https://127.0.0.2:9/", "http://10.0.0.1/", "http://[::1]:9/",
        "http://169.254.169.254/latest/meta-data", "http://localhost:9/", "https://a.localhost/",
    ],
)  # fmt: skip
async def test_no_private_target_is_asked_of_a_proxy(new_fetcher: NewFetcher, url: str) -> None:
    async with LoopbackProxy() as proxy:
        guard = AddressGuard("start")
        async with new_fetcher(access=through(proxy), guard=guard) as fetcher:
            with pytest.raises(FetchError) as failed:
                await fetcher.fetch(FetchRequest(url=url))
    assert failed.value.kind == ErrorClass.ADDRESS
    assert proxy.seen == []


@pytest.mark.parametrize("policy", ["start", "deny"])
async def test_a_private_proxy_that_is_named_is_used_and_cannot_be_crawled(
    new_fetcher: NewFetcher, policy: str
) -> None:
    async with (
        RawServer(hello) as server,
        LoopbackProxy(
            names={
                "shop.test:80": f"127.0.0.1:{server.port}",
                "shop.test": f"127.0.0.1:{server.port}",
            }
        ) as proxy,
    ):
        guard = AddressGuard(policy)  # type: ignore[arg-type]
        async with new_fetcher(access=through(proxy), guard=guard) as fetcher:
            got = await fetcher.fetch(FetchRequest(url="http://shop.test/"))
            with pytest.raises(FetchError) as failed:
                await fetcher.fetch(FetchRequest(url=f"{proxy.url}/admin", proxy=""))
    assert got.body == b"hello"
    assert failed.value.kind == ErrorClass.ADDRESS
    assert len(proxy.seen) == 1


async def test_a_request_may_name_a_proxy_or_none(new_fetcher: NewFetcher) -> None:
    async with (
        RawServer(hello) as server,
        LoopbackProxy() as usual,
        LoopbackProxy() as own,
        new_fetcher(access=through(usual)) as fetcher,
    ):
        await fetcher.fetch(FetchRequest(url=server.url("/1"), proxy=own.url))
        await fetcher.fetch(FetchRequest(url=server.url("/2"), proxy=""))
        with pytest.raises(FetchError, match="SOCKS"):
            await fetcher.fetch(FetchRequest(url=server.url("/3"), proxy="socks5://x:1"))
    assert [one.target for one in own.seen] == [server.url("/1")]
    assert usual.seen == []
    assert [one.path for one in server.exchanges] == ["/1", "/2"]


async def test_the_environment_names_no_proxy(
    new_fetcher: NewFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RawServer(hello) as server, LoopbackProxy() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with new_fetcher() as fetcher:
            await fetcher.fetch(FetchRequest(url=server.url()))
    assert proxy.seen == []


async def test_a_secret_goes_to_its_origin_and_nowhere_else(
    new_fetcher: NewFetcher, names: Names
) -> None:
    names.known["twin.test"] = "127.0.0.1"
    async with RawServer(hello) as server, RawServer(hello) as other:
        home = server.url("/").rstrip("/")
        secret = Credential("Authorization", basic("ann", SECRET))
        access = Access(Credentials({home: secret}))
        async with new_fetcher(access=access) as fetcher:
            for url in (server.url("/a"), other.url("/b"), f"http://twin.test:{server.port}/c"):
                await fetcher.fetch(FetchRequest(url=url))
            own = (("authorization", b"Bearer mine"),)
            await fetcher.fetch(FetchRequest(url=server.url("/d"), headers=own))
    sent = {one.path: one.fields.get("authorization") for one in server.exchanges}
    assert sent == {"/a": basic("ann", SECRET), "/c": None, "/d": "Bearer mine"}
    assert all("authorization" not in one.fields for one in other.exchanges)


async def test_a_challenge_is_answered_once(new_fetcher: NewFetcher) -> None:
    async def challenge(exchange: Exchange) -> None:
        await exchange.send(
            answer(b"no", status="401 Unauthorized", www_authenticate='Basic realm="x"')
        )

    async with RawServer(challenge) as server:
        secret = Credential("Authorization", basic("ann", "wrong"))
        access = Access(Credentials({server.url("/").rstrip("/"): secret}))
        async with new_fetcher(access=access) as fetcher:
            got = await fetcher.fetch(FetchRequest(url=server.url()))
    assert got.status == 401
    assert len(server.exchanges) == 1
