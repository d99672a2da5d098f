"""Two clients that keep their connections open, as a crawl does: the code of lesson 5."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import urllib3

from crawler.loop import new_loop_factory


def in_threads(url: str, pages: int, connections: int) -> None:
    """Fetch in as many threads as connections; these stay open, as in a crawl."""
    with (
        urllib3.PoolManager(maxsize=connections) as client,
        ThreadPoolExecutor(connections) as pool,
    ):
        list(pool.map(lambda _: client.request("GET", url).data, range(pages)))


def in_a_loop(url: str, pages: int, connections: int) -> None:
    """Fetch in one thread, with the loop that crawler uses."""
    with asyncio.Runner(loop_factory=new_loop_factory("auto")[0]) as runner:
        runner.run(fetch_all(url, pages, connections))


async def fetch_all(url: str, pages: int, connections: int) -> None:
    """Fetch all pages over so many connections."""
    left = iter(range(pages))
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def visit() -> None:
            for _ in left:
                async with session.get(url) as answer:
                    await answer.read()

        await asyncio.gather(*[visit() for _ in range(connections)])
