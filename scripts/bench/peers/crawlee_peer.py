"""Crawlee for Python: its Parsel crawler, which is its quickest, with storage in memory.

`crawlee_peer.py START OUT CONNECTIONS SCOPE`, in a venv that has `crawlee[parsel]`.
"""

# mypy: ignore-errors
# Runs where Crawlee is installed, which the project is not.

from __future__ import annotations

import asyncio
import json
import logging
import sys

from crawlee import ConcurrencySettings
from crawlee.crawlers import ParselCrawler, ParselCrawlingContext
from crawlee.storage_clients import MemoryStorageClient


async def crawl(start, path, connections, scope):
    """Crawl until nothing is left."""
    crawler = ParselCrawler(
        storage_client=MemoryStorageClient(),
        concurrency_settings=ConcurrencySettings(
            min_concurrency=connections,
            desired_concurrency=connections,
            max_concurrency=connections,
        ),
        respect_robots_txt_file=False,
        use_session_pool=False,
        max_requests_per_crawl=None,
        configure_logging=False,
    )
    with open(path, "w", encoding="utf-8") as out:  # noqa: ASYNC230, PTH123

        @crawler.router.default_handler
        async def page(context: ParselCrawlingContext) -> None:
            kind = context.http_response.headers.get("content-type", "")
            if not kind.startswith("text/html"):
                return
            record = {
                "url": context.request.loaded_url,
                "title": context.selector.css("title::text").get(),
                "links": len(context.selector.css("a[href]")),
            }
            out.write(json.dumps(record) + "\n")
            # The default follows a link only where the host is the page's, whatever its port.
            await context.enqueue_links(strategy="all" if scope == "any" else "same-hostname")

        await crawler.run([start])


def main():
    """Crawl."""
    logging.disable(logging.WARNING)
    start, path, connections, scope = sys.argv[1:]
    asyncio.run(crawl(start, path, int(connections), scope))


if __name__ == "__main__":
    main()
