"""The yardstick: the shortest crawl loop worth its name, with nothing that makes a crawler safe.

aiohttp, uvloop, lexbor and urljoin; a set and a queue in memory; title and number of links of each
page to a JSONL file. No robots, no delay, no retry, no limits, nothing durable. A program of
its own, which benches run beside the crawler.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import TextIO
from urllib.parse import urldefrag, urljoin, urlsplit

import aiohttp
import uvloop
from selectolax.lexbor import LexborHTMLParser


class BareLoop:
    """One crawl of one host, or of any, breadth first."""

    def __init__(self, start: str, out: TextIO, *, any_host: bool = False) -> None:
        self._host = None if any_host else urlsplit(start).netloc
        self._out = out
        self._seen = {start}
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._queue.put_nowait(start)

    async def run(self, concurrency: int) -> None:
        """Crawl until nothing is left."""
        connector = aiohttp.TCPConnector(limit=concurrency)
        async with aiohttp.ClientSession(connector=connector) as session:
            workers = [asyncio.create_task(self._work(session)) for _ in range(concurrency)]
            await self._queue.join()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            url = await self._queue.get()
            try:
                async with session.get(url) as response:
                    if response.status == 200 and response.content_type == "text/html":
                        self._page(str(response.url), await response.read())
            finally:
                self._queue.task_done()

    def _page(self, url: str, body: bytes) -> None:
        tree = LexborHTMLParser(body)
        title = tree.css_first("title")
        links = tree.css("a[href]")
        record = {"url": url, "title": title.text() if title else None, "links": len(links)}
        self._out.write(json.dumps(record) + "\n")
        for link in links:
            target = urldefrag(urljoin(url, link.attributes["href"] or "")).url
            if target not in self._seen and self._host in (None, urlsplit(target).netloc):
                self._seen.add(target)
                self._queue.put_nowait(target)


def main() -> None:
    """Crawl a site from its start URL into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("start")
    parser.add_argument("out", type=Path)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--any-host", action="store_true", help="follow links to every host")
    args = parser.parse_args()
    with args.out.open("w", encoding="utf-8") as out:
        loop = BareLoop(args.start, out, any_host=args.any_host)
        uvloop.run(loop.run(args.concurrency))


if __name__ == "__main__":
    main()
