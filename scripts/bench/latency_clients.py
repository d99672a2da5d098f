"""The programs beside which `scripts.bench.latency` puts the crawler.

`latency_clients.py NAME PORT PAGES CONNECTIONS` fetches that many pages and keeps nothing, so that
what the crawler does with a page costs it nothing.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from crawler.loop import new_loop_factory


def urls(port: int, pages: int) -> Iterator[str]:
    """Yield the addresses."""
    return (f"http://127.0.0.1:{port}/{number}" for number in range(pages))


def one_by_one(port: int, pages: int, _: int) -> None:
    """Fetch in a loop, over one connection."""
    import requests

    with requests.Session() as session:
        for url in urls(port, pages):
            _ = len(session.get(url, timeout=30).content)


def pool(port: int, pages: int, connections: int) -> None:
    """Fetch with `requests` in a pool of threads, each of which keeps its connection."""
    import requests

    local = threading.local()

    def fetch(url: str) -> int:
        if not hasattr(local, "session"):
            local.session = requests.Session()
        return len(local.session.get(url, timeout=30).content)

    with ThreadPoolExecutor(connections) as threads:
        for _ in threads.map(fetch, urls(port, pages)):
            pass


def bare(port: int, pages: int, connections: int) -> None:
    """Fetch with aiohttp alone: as many tasks as connections, each page by page."""
    with asyncio.Runner(loop_factory=new_loop_factory("auto")[0]) as runner:
        runner.run(_bare(urls(port, pages), connections))


async def _bare(addresses: Iterator[str], connections: int) -> None:
    import aiohttp

    async def fetch(session: aiohttp.ClientSession) -> None:
        for url in addresses:
            async with session.get(url) as answer:
                await answer.read()

    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(fetch(session))


CLIENTS = {"bare": bare, "pool": pool, "one": one_by_one}


def main() -> int:
    """Run one of them."""
    name, port, pages, connections = sys.argv[1:]
    CLIENTS[name](int(port), int(pages), int(connections))
    return 0


if __name__ == "__main__":
    sys.exit(main())
