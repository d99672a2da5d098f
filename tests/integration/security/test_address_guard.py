"""No way into a crawl, and no name server, leads it to a loopback address that nobody named."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from crawler.clock import SystemClock
from crawler.errors import FetchError
from crawler.fetch.addresses import AddressGuard, is_private
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.http_client import AiohttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.fetch.threads_client import Urllib3Fetcher
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest
from crawler.outcome import ErrorClass
from crawler.testing.conversations import Conversations
from crawler.testing.raw_server import answer
from crawler.workers.threads import ThreadedFetcher
from scripts.soak.address_guard import try_way
from scripts.soak.decoy import SPELLINGS, Decoy
from scripts.soak.decoy_sources import WAYS
from scripts.soak.told_names import told_names

HOSTS = 1000
#: Stands for a public address: no test may ask a real one.
PUBLIC = "127.99.0.1"


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
@pytest.mark.parametrize("way", WAYS)
async def test_no_spelling_reaches_the_decoy(way: str, backend: str, tmp_path: Path) -> None:
    tried = await try_way(way, tmp_path, backend)

    assert tried.tried == len(SPELLINGS) >= 40
    assert tried.reached == 0
    # Nothing but the guard held them back: nobody follows a meta refresh, [::1%25lo] is no URL.
    expected = 0 if way.startswith("meta") else len(SPELLINGS) - 1
    assert tried.refused == expected


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
async def test_the_decoy_can_be_reached_where_all_is_allowed(backend: str, tmp_path: Path) -> None:
    tried = await try_way("links", tmp_path, backend, guarded=False)

    assert tried.reached > 30


@pytest.fixture(params=["asyncio", "threads"])
def new_fetcher(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> type[AiohttpFetcher | Urllib3Fetcher]:
    """Return a fetcher that remembers no name, and takes one loopback address for a public one."""
    for module in ("http_client", "name_lookup"):
        monkeypatch.setattr(f"crawler.fetch.{module}.DNS_TTL", 0)
    monkeypatch.setattr(
        "crawler.fetch.addresses.is_private", lambda ip: ip != PUBLIC and is_private(ip)
    )
    return AiohttpFetcher if request.param == "asyncio" else Urllib3Fetcher


def made(kind: type[AiohttpFetcher | Urllib3Fetcher], guard: AddressGuard) -> Fetcher:
    limits = FetchLimits(timeout=5.0, connect_timeout=5.0, deadline=10.0)
    inner = kind(
        limits, user_agent="test/1", headers={}, jar=CookieJar(), guard=guard, clock=SystemClock()
    )
    return ThreadedFetcher(inner, 8) if isinstance(inner, Urllib3Fetcher) else inner


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False], ids=["start URLs", "other hosts"])
async def test_a_thousand_names_that_turn_to_loopback_never_reach_it(
    new_fetcher: type[AiohttpFetcher | Urllib3Fetcher], named: bool
) -> None:
    asked: Counter[str] = Counter()

    def tell(host: str) -> tuple[str, ...]:
        asked[host] += 1
        return (PUBLIC,) if asked[host] == 1 else ("127.0.0.1",)

    async def public(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"public", content_type="text/html", connection="close"))
        await writer.drain()

    conversations = Conversations()
    async with Decoy(hosts=("127.0.0.1", "::1")) as decoy:
        server = await asyncio.start_server(conversations.having(public), PUBLIC, decoy.port)
        hosts = [f"r{n}.example" for n in range(HOSTS)]
        guard = AddressGuard("start", [(host, decoy.port) for host in hosts] if named else ())
        with told_names(tell):
            fetcher = made(new_fetcher, guard)
            answers, refusals = await twice(fetcher, hosts, decoy.port)
            await fetcher.close()
        await conversations.end(server)

    assert answers == [b"public"] * HOSTS
    assert refusals == [ErrorClass.ADDRESS] * HOSTS
    assert decoy.reached == 0
    assert set(asked.values()) == {2}  # each connection went where the one look-up said


async def twice(fetcher: Fetcher, hosts: list[str], port: int) -> tuple[list[bytes], list[str]]:
    """Fetch from each host, and fetch again; return the first's bodies and the second's errors."""
    bodies, errors = [], []
    for host in hosts:
        response = await fetcher.fetch(FetchRequest(url=f"http://{host}:{port}/"))
        bodies.append(response.body)
        try:
            await fetcher.fetch(FetchRequest(url=f"http://{host}:{port}/again"))
        except FetchError as error:
            errors.append(error.kind)
    return bodies, errors
