"""The yardstick: the shortest crawl loop worth its name, with nothing that makes a crawler safe.

aiohttp, uvloop, a parser in C and urljoin; a set and a queue in memory; title and number of links
of each page to a JSONL file. No robots, no delay, no retry, no limits, nothing durable. A program
of its own, which benches run beside the crawler: as most people would write it, or of the
fastest parts there are.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TextIO
from urllib.parse import urldefrag, urljoin, urlsplit

import aiohttp
import uvloop

#: Title of a page, and the `href`s of its links.
Read = Callable[[bytes], tuple[str | None, list[str]]]
#: What an `href` means on a page, without its fragment; None where it leads nowhere.
Join = Callable[[str, str], str | None]


class BareLoop:
    """One crawl of one host, or of any, breadth first."""

    def __init__(
        self, start: str, out: TextIO, read: Read, join: Join, *, any_host: bool = False
    ) -> None:
        self._read = read
        self._join = join
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
        title, hrefs = self._read(body)
        record = {"url": url, "title": title, "links": len(hrefs)}
        self._out.write(json.dumps(record) + "\n")
        for href in hrefs:
            target = self._join(url, href)
            if target is None or target in self._seen:
                continue
            if self._host is None or urlsplit(target).netloc == self._host:
                self._seen.add(target)
                self._queue.put_nowait(target)


def lexbor() -> Read:
    """Return a reader that asks each link for its `href`, as is usual."""
    from selectolax.lexbor import LexborHTMLParser

    def read(body: bytes) -> tuple[str | None, list[str]]:
        tree = LexborHTMLParser(body)
        title = tree.css_first("title")
        hrefs = [link.attributes["href"] or "" for link in tree.css("a[href]")]
        return title.text() if title else None, hrefs

    return read


def turbohtml() -> Read:
    """Return a reader on the parser that the crawler has."""
    from turbohtml import parse

    def read(body: bytes) -> tuple[str | None, list[str]]:
        tree = parse(body.decode("utf-8", "replace"), positions=False)
        title = tree.find("title")
        hrefs = [str(href) for href in tree.xpath("//a/@href")]  # type: ignore[union-attr]
        return title.text if title else None, hrefs

    return read


def by_urljoin(url: str, href: str) -> str | None:
    """Join with the standard library."""
    return urldefrag(urljoin(url, href)).url


def by_ada(url: str, href: str) -> str | None:
    """Join with the library that the crawler has."""
    import can_ada

    try:
        return str((can_ada.parse(url) + href).href).partition("#")[0]
    except ValueError:
        return None


def main() -> None:
    """Crawl a site from its start URL into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("start")
    parser.add_argument("out", type=Path)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--any-host", action="store_true", help="follow links to every host")
    parser.add_argument("--parser", choices=("turbohtml", "lexbor"), default="turbohtml")
    parser.add_argument("--join", choices=("urljoin", "ada"), default="urljoin")
    args = parser.parse_args()
    read = lexbor() if args.parser == "lexbor" else turbohtml()
    join = by_ada if args.join == "ada" else by_urljoin
    with args.out.open("w", encoding="utf-8") as out:
        loop = BareLoop(args.start, out, read, join, any_host=args.any_host)
        uvloop.run(loop.run(args.concurrency))


if __name__ == "__main__":
    main()
