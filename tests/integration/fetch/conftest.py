"""Both fetchers, so that each test of this folder holds them to the same claim."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest

from crawler.clock import SystemClock
from crawler.fetch.access import Access
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.http_client import AiohttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.fetch.name_lookup import Address
from crawler.fetch.threads_client import Urllib3Fetcher
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest, HttpResponse

QUICK = FetchLimits(timeout=5.0, connect_timeout=5.0, deadline=10.0, max_body=1_000_000)

NewFetcher = Callable[..., AbstractAsyncContextManager[Fetcher]]


class InThreads:
    """The fetcher that blocks, each of its fetches in a thread of its own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.inner = Urllib3Fetcher(*args, **options)

    async def fetch(self, request: FetchRequest) -> HttpResponse:
        return await asyncio.to_thread(self.inner.fetch, request)

    async def close(self) -> None:
        self.inner.close()


KINDS: dict[str, Callable[..., Fetcher]] = {"aiohttp": AiohttpFetcher, "urllib3": InThreads}


class Names:
    """Stands in for the name servers, of both fetchers.

    Attributes:
        known: Addresses of the names that exist.
        asked: Names that were asked for.
        may_answer: They are silent while it is not set.
    """

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.asked: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def ask(self, host: str) -> tuple[Address, ...]:
        self.asked.append(host)
        self.may_answer.wait()
        if host in self.known:
            return (Address(socket.AF_INET, self.known[host]),)
        raise OSError(None, "not found") from socket.gaierror(socket.EAI_NONAME, "unknown")

    async def resolve(self, host: str, port: int, family: int) -> list[dict[str, object]]:
        return [
            {"hostname": host, "host": one.ip, "port": port}
            | {"family": one.family, "proto": 0, "flags": 0}
            for one in await asyncio.to_thread(self.ask, host)
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    made = Names()
    monkeypatch.setattr("aiohttp.DefaultResolver", lambda: made)
    monkeypatch.setattr("crawler.fetch.name_lookup.ask_system", made.ask)
    return made


@pytest.fixture(params=sorted(KINDS))
def client(request: pytest.FixtureRequest) -> str:
    """Return the library whose fetcher the test gets."""
    name: str = request.param
    return name


@pytest.fixture
def new_fetcher(client: str, names: Names) -> NewFetcher:  # no test asks a real name server
    @asynccontextmanager
    async def new(
        *,
        jar: CookieJar | None = None,
        guard: AddressGuard | None = None,
        headers: dict[str, str] | None = None,
        access: Access | None = None,
        **limits: Any,
    ) -> AsyncIterator[Fetcher]:
        fetcher = KINDS[client](
            msgspec.structs.replace(QUICK, **limits),
            user_agent="test/1",
            headers=headers or {},
            jar=jar if jar is not None else CookieJar(),
            guard=guard or AddressGuard("allow"),
            clock=SystemClock(),
            access=access,
        )
        try:
            yield fetcher
        finally:
            await fetcher.close()

    return new


@pytest.fixture
async def fetcher(new_fetcher: NewFetcher) -> AsyncIterator[Fetcher]:
    async with new_fetcher() as made:
        yield made
