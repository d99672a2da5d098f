"""Tells a spider that its crawl has ended."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from crawler.spider.failure import failed
from crawler.spider.spider import Spider


async def tell_spider(spider: Spider, reason: str, note: Callable[[str], None]) -> None:
    """Call the spider's `closed`; what it raises changes nothing any more."""
    try:
        given = spider.closed(reason)
        if inspect.isawaitable(given):
            await given
    except Exception as error:  # noqa: BLE001 - the user's code
        note(f"the spider's closed() raised {failed(error)}")
