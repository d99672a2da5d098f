"""`requests` in a pool of threads, with Parsel and `urljoin`: the crawler everybody writes first.

`requests_peer.py START OUT CONNECTIONS SCOPE`, in a venv that has requests and parsel.
"""

# mypy: ignore-errors
# Runs where requests is installed, which the project is not.

from __future__ import annotations

import json
import queue
import sys
import threading
from urllib.parse import urldefrag, urljoin, urlsplit

import parsel
import requests


class Crawl:
    """One crawl, by threads that share a queue and a set."""

    def __init__(self, start, out, scope):
        self._near = None if scope == "any" else urlsplit(start).netloc
        self._out = out
        self._lock = threading.Lock()
        self._seen = {start}
        self._queue = queue.SimpleQueue()
        self._queue.put(start)
        self._open = 1
        self._threads = 0

    def run(self, count):
        """Crawl until nothing is left."""
        threads = [threading.Thread(target=self._work) for _ in range(count)]
        self._threads = count
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self):
        with requests.Session() as session:
            session.trust_env = False
            while (url := self._queue.get()) is not None:
                self._fetch(session, url)

    def _fetch(self, session, url):
        found = set()
        response = session.get(url, timeout=30)
        if response.ok and response.headers.get("content-type", "").startswith("text/html"):
            found = self._page(response)
        with self._lock:
            fresh = found - self._seen
            self._seen |= fresh
            self._open += len(fresh) - 1
            for target in fresh:
                self._queue.put(target)
            if not self._open:
                for _ in range(self._threads):
                    self._queue.put(None)

    def _page(self, response):
        # Told nothing, Parsel takes a page that begins with an XML declaration for XML.
        page = parsel.Selector(body=response.content, encoding="utf-8", type="html")
        links = page.css("a[href]::attr(href)").getall()
        record = {
            "url": response.url,
            "title": page.css("title::text").get(),
            "links": len(links),
        }
        with self._lock:
            self._out.write(json.dumps(record) + "\n")
        targets = {urldefrag(urljoin(response.url, link)).url for link in links}
        return {one for one in targets if self._is_near(one)}

    def _is_near(self, url):
        parts = urlsplit(url)
        return parts.scheme == "http" and self._near in (None, parts.netloc)


def main():
    """Crawl."""
    start, path, connections, scope = sys.argv[1:]
    with open(path, "w", encoding="utf-8") as out:  # noqa: PTH123
        Crawl(start, out, scope).run(int(connections))


if __name__ == "__main__":
    main()
