"""A fetch that is given up at any moment leaves nothing behind, and no part of its answer."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crawler.clock import SystemClock
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.http_client import AiohttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.fetch.threads_client import Urllib3Fetcher
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest
from crawler.testing.raw_server import Exchange, RawServer
from crawler.workers.threads import ThreadedFetcher

CANCELLED = 10_000
AT_ONCE = 50
#: Turns of the loop after which a fetch is given up, at most: a whole one takes about as many.
TURNS = 60


def body_of(path: str) -> bytes:
    return path.encode() * 200


async def in_pieces(exchange: Exchange) -> None:
    """Answer with a body that says what was asked for, in pieces that arrive by themselves."""
    body = body_of(exchange.path)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
    await exchange.send(head.encode())
    for start in range(0, len(body), 500):
        await asyncio.sleep(0)
        await exchange.send(body[start : start + 500])


@pytest.fixture(params=["asyncio", "threads"])
async def fetcher(request: pytest.FixtureRequest) -> AsyncIterator[Fetcher]:
    limits = FetchLimits(timeout=20.0, connect_timeout=20.0, deadline=60.0)
    kind = AiohttpFetcher if request.param == "asyncio" else Urllib3Fetcher
    inner = kind(
        limits, user_agent="test/1", headers={}, jar=CookieJar(), guard=AddressGuard("allow"),
        clock=SystemClock(),
    )  # fmt: skip
    made: Fetcher = inner if isinstance(inner, AiohttpFetcher) else ThreadedFetcher(inner, AT_ONCE)
    yield made
    await made.close()


@pytest.mark.slow
async def test_ten_thousand_cancellations_leave_nothing_and_mix_up_nothing(
    fetcher: Fetcher,
) -> None:
    choose = random.Random(5)
    ended: list[bool] = []

    async def one(server: RawServer, number: int) -> None:
        path = f"/page-{number}"
        asked = asyncio.create_task(fetcher.fetch(FetchRequest(url=server.url(path))))
        for _ in range(choose.randrange(TURNS)):
            await asyncio.sleep(0)
        asked.cancel()
        try:
            response = await asked
        except asyncio.CancelledError:
            ended.append(False)
        else:
            ended.append(True)
            assert response.body == body_of(path)

    async with RawServer(in_pieces) as server:
        await fetcher.fetch(FetchRequest(url=server.url("/first")))
        numbers = iter(range(CANCELLED))

        async def some() -> None:
            for number in numbers:
                await one(server, number)

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))

        # Connections that are still good after all this give each the answer that is theirs.
        for number in range(100):
            path = f"/after-{number}"
            response = await fetcher.fetch(FetchRequest(url=server.url(path)))
            assert response.body == body_of(path)
        await fetcher.close()
    await settled()

    assert len(ended) == CANCELLED
    assert ended.count(False) > CANCELLED / 10
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not [one.name for one in threading.enumerate() if one.name.startswith("fetch")]
    assert open_sockets() <= 2  # those with which an event loop wakes itself


async def settled() -> None:
    """Let everything end that is about to."""
    for _ in range(20):
        await asyncio.sleep(0)
    gc.collect()


def open_sockets() -> int:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux lists the sockets of a process")
    found = 0
    for name in Path("/proc/self/fd").iterdir():
        try:
            found += str(name.readlink()).startswith("socket:")
        except OSError:  # the one with which the folder was read
            continue
    return found
