"""Scrapy, as its documentation teaches it: a spider, run in this process.

`scrapy_peer.py START OUT CONNECTIONS SCOPE`, in a venv that has Scrapy. A link that a page repeats
is requested once, which is quicker here than `follow_all`, and than a `LinkExtractor`.
"""

# mypy: ignore-errors
# Runs where Scrapy is installed, which the project is not.

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import CrawlerProcess


class Pages(scrapy.Spider):
    """Title and number of links of every page that can be reached."""

    name = "pages"

    def __init__(self, start, out, **kwargs):
        super().__init__(**kwargs)
        self._start = start
        host = urlsplit(start).netloc
        self._near = None if out.any_host else host
        self._out = out

    async def start(self):
        """Begin; unlike `start_urls` through the filter of duplicates."""
        yield scrapy.Request(self._start)

    def parse(self, response):
        """Note the page, follow its links."""
        if not isinstance(response, scrapy.http.HtmlResponse):
            return
        self._out.write(
            response.url, response.css("title::text").get(), len(response.css("a[href]"))
        )
        links = set(response.css("a[href]::attr(href)").getall())
        for url in map(response.urljoin, links):
            parts = urlsplit(url)
            if parts.scheme == "http" and self._near in (None, parts.netloc):
                yield scrapy.Request(url)


class Out:
    """The JSONL file."""

    def __init__(self, path, any_host):
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the end
        self.any_host = any_host

    def write(self, url, title, links):
        """Write a page."""
        self._file.write(json.dumps({"url": url, "title": title, "links": links}) + "\n")

    def close(self):
        """Write out what is left."""
        self._file.close()


def main():
    """Crawl."""
    start, path, connections, scope = sys.argv[1:]
    out = Out(path, scope == "any")
    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS": int(connections),
            "CONCURRENT_REQUESTS_PER_DOMAIN": int(connections),
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": False,
            "COOKIES_ENABLED": False,
            "LOG_LEVEL": "ERROR",
            "TELNETCONSOLE_ENABLED": False,
        }
    )
    process.crawl(Pages, start=start, out=out)
    process.start()
    out.close()


if __name__ == "__main__":
    main()
