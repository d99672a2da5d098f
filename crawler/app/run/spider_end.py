"""Tells a spider that its crawl has ended."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable

from crawler.spider.failure import failed
from crawler.spider.spider import Spider


async def tell_spider(
    spider: Spider, reason: str, note: Callable[[str], None], patience: float = 600.0
) -> None:
    """Call the spider's `closed`; what it raises changes nothing any more.

    Args:
        spider: The user's.
        reason: Why the crawl ended.
        note: Logs a line.
        patience: Seconds that it may wait for something.
    """
    try:
        given = spider.closed(reason)
        if inspect.isawaitable(given):
            async with asyncio.timeout(patience):
                await given
    except TimeoutError as error:
        note(f"the spider's closed() was ended after {patience:.0f} s, or raised {failed(error)}")
    except Exception as error:  # noqa: BLE001 - the user's code
        note(f"the spider's closed() raised {failed(error)}")
