"""Sites that lead a crawl to the decoy, by each way in which a crawl learns of URLs.

Whatever else could hold it back is out of the way: every host is in scope, and robots.txt is not
asked for where it is not the way itself.
"""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crawler.testing.raw_server import Exchange, RawServer, answer
from crawler.urls import UrlError, hostname, parse
from scripts.soak.decoy import SPELLINGS, Decoy

_SPIDER = """
from crawler import Spider

class Everywhere(Spider):
    name = "everywhere"
    allowed_domains = {domains!r}

    def parse(self, response):
        for href in response.css("a::attr(href)").getall():
            try:
                yield response.follow(href, callback=self.parse, dont_filter=True)
            except ValueError:
                pass
"""


@dataclass
class Trap:
    """What a way needs to be tried.

    Attributes:
        decoy: What must not be reached.
        site: The job's own site.
        folder: For files that the config names.
        pages: What the site answers, by path; paths of one host alone begin with it.
        spellings: Hosts to write, in the order of their numbers.
        others: URLs to lead to instead; `{port}` in them is the decoy's.
    """

    decoy: Decoy
    site: RawServer
    folder: Path
    pages: dict[str, bytes] = field(default_factory=dict)
    spellings: Sequence[str] = SPELLINGS
    others: Sequence[str] = ()

    async def play(self, exchange: Exchange) -> None:
        """Answer a request to the site."""
        host = exchange.fields.get("host", "").partition(":")[0]
        missing = answer(b"", status="404 Not Found")
        page = self.pages.get(host + exchange.path) or self.pages.get(exchange.path, missing)
        await exchange.send(page)

    @property
    def urls(self) -> list[str]:
        """The decoy in every spelling, or the other URLs."""
        if self.others:
            return [one.replace("{port}", str(self.decoy.port)) for one in self.others]
        # Each with a path of its own: equal ones are asked for once.
        return [self.decoy.url(one, f"/{n}") for n, one in enumerate(self.spellings)]

    @property
    def valid(self) -> list[str]:
        """Those of them that are URLs at all."""
        return [url for url in self.urls if _is_url(url)]

    def put(self, path: str, body: str, content_type: str = "text/html") -> None:
        """Put a page on the site."""
        self.pages[path] = answer(
            body.encode("utf-8", "surrogatepass"), content_type=f"{content_type}; charset=utf-8"
        )

    def redirect(self, path: str, to: str) -> None:
        """Put a redirect on the site."""
        place = "".join(char for char in to if char not in "\r\n").encode()
        head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %b\r\n\r\n"
        self.pages[path] = head % place


#: Fills the site and returns `start` of the config, and what else it needs.
Way = Callable[[Trap], dict[str, object]]


def _seeds(trap: Trap) -> dict[str, object]:
    return {"start": trap.valid, "fetch.private_addresses": "deny"}


def _links(trap: Trap) -> dict[str, object]:
    trap.put("/", "".join(f'<a href="{html.escape(url)}">x</a>' for url in trap.urls))
    return {"start": [trap.site.url("/")]}


def _bases(trap: Trap) -> dict[str, object]:
    for number, url in enumerate(trap.urls):
        trap.put(f"/{number}", f'<base href="{html.escape(url)}"><a href="below">x</a>')
    return {"start": [trap.site.url(f"/{n}") for n in range(len(trap.urls))]}


def _redirects(trap: Trap) -> dict[str, object]:
    for number, url in enumerate(trap.urls):
        trap.redirect(f"/{number}", url)
    return {"start": [trap.site.url(f"/{n}") for n in range(len(trap.urls))]}


def _refreshes(trap: Trap) -> dict[str, object]:
    for number, url in enumerate(trap.urls):
        tag = f'<meta http-equiv="refresh" content="0; url={html.escape(url)}">'
        trap.put(f"/{number}", f'{tag}<link rel="canonical" href="{html.escape(url)}">')
    return {"start": [trap.site.url(f"/{n}") for n in range(len(trap.urls))]}


def _sitemap(trap: Trap) -> dict[str, object]:
    locs = "".join(f"<url><loc>{html.escape(url)}</loc></url>" for url in trap.urls)
    trap.put("/sitemap.xml", f"<urlset>{locs}</urlset>", "application/xml")
    return {"start": {"sitemap": [trap.site.url("/sitemap.xml")]}}


def _index(trap: Trap) -> dict[str, object]:
    locs = "".join(f"<sitemap><loc>{html.escape(url)}</loc></sitemap>" for url in trap.urls)
    trap.put("/index.xml", f"<sitemapindex>{locs}</sitemapindex>", "application/xml")
    return {"start": {"sitemap": [trap.site.url("/index.xml")]}}


def _robots_lines(trap: Trap) -> dict[str, object]:
    lines = "".join(f"Sitemap: {url.replace(chr(10), '')}\n" for url in trap.urls)
    trap.put("/robots.txt", lines, "text/plain")
    return {"start": {"sitemap": [trap.site.url("/robots.txt")]}}


def _robots_redirects(trap: Trap) -> dict[str, object]:
    # Each origin has one robots.txt: hosts of other names, all of them at the site's address.
    starts = []
    for number, url in enumerate(trap.urls):
        host = f"h{number}.site.example"
        trap.redirect(f"{host}/robots.txt", url)
        starts.append(f"http://{host}:{trap.site.port}/")
    return {"start": starts, "fetch.robots": "obey"}


def _feed(trap: Trap) -> dict[str, object]:
    items = "".join(f"<item><link>{html.escape(url)}</link></item>" for url in trap.urls)
    trap.put("/feed", f"<rss><channel>{items}</channel></rss>", "application/rss+xml")
    return {"start": {"sitemap": [trap.site.url("/feed")]}}


def _text_list(trap: Trap) -> dict[str, object]:
    trap.put("/list.txt", "\n".join(url.replace("\n", "") for url in trap.urls), "text/plain")
    return {"start": {"sitemap": [trap.site.url("/list.txt")]}}


def _file(trap: Trap) -> dict[str, object]:
    with (trap.folder / "urls.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["url"], *([url] for url in trap.urls)])
    return {"start": {"from_file": "urls.csv"}}


WAYS: dict[str, Way] = {
    "start URLs (private_addresses: deny)": _seeds,
    "links": _links,
    "base of links": _bases,
    "redirects": _redirects,
    "meta refresh, canonical": _refreshes,
    "sitemap": _sitemap,
    "sitemap index": _index,
    "robots.txt, Sitemap lines": _robots_lines,
    "robots.txt, redirected": _robots_redirects,
    "feed": _feed,
    "text list": _text_list,
    "file of URLs": _file,
}


def write_job(trap: Trap, way: Way, backend: str, settings: dict[str, object]) -> Path:
    """Fill the site for a way and write its job; return the config.

    Args:
        trap: Where.
        way: The way.
        backend: `run.backend`.
        settings: Further keys, dotted.
    """
    keys: dict[str, object] = {
        "version": 1, "name": "guard", "spider": "everywhere.py:Everywhere",
        "run.backend": backend, "fetch.robots": "ignore", "fetch.retries": 0,
        "fetch.timeout": "2s", "fetch.per_host.delay": "0s", "fetch.per_host.adaptive": False,
        "checks.allow_empty": True, "checks.max_failed": "100%",
    }  # fmt: skip
    domains = sorted({hostname(parse(url)) for url in (*trap.valid, trap.site.url("/"))})
    named = [f"[{one}]" if ":" in one else one for one in (*domains, "site.example")]
    (trap.folder / "everywhere.py").write_text(_SPIDER.format(domains=named))
    config: dict[str, object] = {}
    for key, value in (keys | way(trap) | settings).items():
        place, *_ = _below(config, key)
        place[key.rpartition(".")[2]] = value
    path = trap.folder / "guard.yaml"
    path.write_text(json.dumps(config))
    return path


def _below(config: dict[str, object], key: str) -> list[dict[str, object]]:
    place = config
    for name in key.split(".")[:-1]:
        below = place.setdefault(name, {})
        assert isinstance(below, dict)
        place = below
    return [place]


def _is_url(url: str) -> bool:
    try:
        parse(url)
    except UrlError:
        return False
    return True
