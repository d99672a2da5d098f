"""A polite asyncio web crawler: one YAML file or one Spider class, safe to run from cron.

The names below are the public API. They are imported when first used, so that `import crawler`
costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module

# As in `typing`, which `python -m crawler` would look for in the current directory first.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from crawler.app.batch.map_cpu import map_cpu, map_cpu_sync
    from crawler.app.crawling import Crawling, crawl, crawl_sync
    from crawler.errors import (
        CallbackError,
        CloseSpider,
        ConfigError,
        CrawlerError,
        DropItem,
        IgnoreRequest,
        OffloadFailed,
    )
    from crawler.extract.response import Response
    from crawler.items import Field, Item
    from crawler.messages import Headers, Request
    from crawler.spider.spider import Spider
    from crawler.version import VERSION as __version__  # noqa: N811 - the usual name

__all__ = [
    "CallbackError",
    "CloseSpider",
    "ConfigError",
    "CrawlerError",
    "Crawling",
    "DropItem",
    "Field",
    "Headers",
    "IgnoreRequest",
    "Item",
    "OffloadFailed",
    "Request",
    "Response",
    "Spider",
    "__version__",
    "crawl",
    "crawl_sync",
    "map_cpu",
    "map_cpu_sync",
]

_HOMES = {
    **dict.fromkeys(
        ("CallbackError", "CloseSpider", "ConfigError", "CrawlerError", "DropItem"), "errors"
    ),
    **dict.fromkeys(("map_cpu", "map_cpu_sync"), "app.batch.map_cpu"),
    **dict.fromkeys(("Crawling", "crawl", "crawl_sync"), "app.crawling"),
    **dict.fromkeys(("IgnoreRequest", "OffloadFailed"), "errors"),
    "Field": "items",
    "Item": "items",
    "Headers": "messages",
    "Request": "messages",
    "Response": "extract.response",
    "Spider": "spider.spider",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("crawler.version").VERSION
    if name not in _HOMES:
        raise AttributeError(f"module 'crawler' has no attribute {name!r}")
    return getattr(import_module(f"crawler.{_HOMES[name]}"), name)
