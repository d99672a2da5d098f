from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest

from crawler.clock import SystemClock
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.http_client import AiohttpFetcher
from crawler.fetch.limits import FetchLimits

QUICK = FetchLimits(timeout=5.0, connect_timeout=5.0, deadline=10.0, max_body=1_000_000)

NewFetcher = Callable[..., AbstractAsyncContextManager[AiohttpFetcher]]


@asynccontextmanager
async def new_fetcher(
    *,
    jar: CookieJar | None = None,
    guard: AddressGuard | None = None,
    headers: dict[str, str] | None = None,
    **limits: Any,
) -> AsyncIterator[AiohttpFetcher]:
    fetcher = AiohttpFetcher(
        msgspec.structs.replace(QUICK, **limits),
        user_agent="test/1",
        headers=headers or {},
        jar=jar if jar is not None else CookieJar(),
        guard=guard or AddressGuard("allow"),
        clock=SystemClock(),
    )
    try:
        yield fetcher
    finally:
        await fetcher.close()


@pytest.fixture(name="new_fetcher")
def new_fetcher_fixture() -> NewFetcher:
    return new_fetcher


@pytest.fixture
async def fetcher() -> AsyncIterator[AiohttpFetcher]:
    async with new_fetcher() as made:
        yield made
