"""What is crawled: real HTML, many small sites, a slow server; and what is to be found there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.bench.docs_site import (
    JAVADOC,
    POSTGRESQL_DOCS,
    PYTHON_DOCS,
    DocsSite,
    free_port,
    nginx_path,
)
from scripts.bench.slow_pages import slow_pages
from scripts.bench.synthetic_web import address, url, write_web
from scripts.bench.truth import links_of_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Workset:
    """A site, or many, while it is served.

    Attributes:
        start: The URL to begin with; every page can be reached from it.
        truth: Number of `a[href]` of each page.
        connections: At once, at most.
        hosts: `host:port` of every site.
        unfetched: What was not asked for since it was asked last, in words; "" if nothing. For a
            program that writes nothing down.
    """

    start: str
    truth: Mapping[str, int]
    connections: int
    hosts: tuple[str, ...]
    unfetched: Callable[[], str]

    @property
    def any_host(self) -> bool:
        """Links to every host are to be followed; there are none to elsewhere."""
        return len(self.hosts) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A workset that can be served.

    Attributes:
        title: For people.
        what: It consists of, one sentence.
        serve: Serves it; given how many sites or pages it is to have, where that can be chosen.
        size: The default of that, 0 if it cannot be chosen.
        quick: The same for a quick look.
        missing: Returns why it cannot be served here, "" if it can.
    """

    title: str
    what: str
    serve: Callable[[int], AbstractContextManager[Workset]]
    size: int = 0
    quick: int = 0
    missing: Callable[[], str] = str


@contextmanager
def _docs(folder: Path, _: int) -> Iterator[Workset]:
    with DocsSite(folder.resolve()) as site:
        truth = links_of_folder(folder.resolve(), site.url)
        yield Workset(
            start=f"{site.url}index.html", truth=truth, connections=16,
            hosts=(urlsplit(site.url).netloc,),
            unfetched=lambda: _unfetched(site, truth, site.url.removesuffix("/")),
        )  # fmt: skip


@contextmanager
def _web(sites: int) -> Iterator[Workset]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-web-") as name:
        truth = write_web(Path(name), sites, port)
        with DocsSite(Path(name), port=port, by_address=True) as site:
            yield Workset(
                start=url(port, (0, 0)), truth=truth, connections=64,
                hosts=tuple(f"{address(number)}:{port}" for number in range(sites)),
                unfetched=lambda: _unfetched(site, truth, ""),
            )  # fmt: skip


def _unfetched(site: DocsSite, truth: Mapping[str, int], root: str) -> str:
    asked = {unquote(root + line.target) for line in site.log() if line.status == 200}
    site.forget_log()
    missing = {unquote(page) for page in truth} - asked
    return f"{len(missing)} pages not fetched (as {min(missing)})" if missing else ""


@contextmanager
def _slow(pages: int) -> Iterator[Workset]:
    with slow_pages(pages) as server:
        root = f"http://127.0.0.1:{server.port}/"
        truth = {f"{root}{number}": 0 for number in range(1, pages + 1)}

        def unfetched() -> str:
            answers = server.seen().pages
            return "" if answers > pages else f"{answers} answers for {pages + 1} pages"

        yield Workset(
            start=f"{root}index.html", truth={f"{root}index.html": pages, **truth},
            connections=100, hosts=(urlsplit(root).netloc,), unfetched=unfetched,
        )  # fmt: skip


def _offer_docs(title: str, package: str, folder: Path) -> Offer:
    return Offer(
        title=title, what=f"Debian's `{package}` behind nginx, one host, 16 connections",
        serve=partial(_docs, folder), missing=partial(DocsSite.missing, folder),
    )  # fmt: skip


OFFERS = {
    "javadoc": _offer_docs("Javadoc", "openjdk-17-doc", JAVADOC),
    "postgresql": _offer_docs("PostgreSQL manual", "postgresql-doc-15", POSTGRESQL_DOCS),
    "python": _offer_docs("Python manual", "python3.11-doc", PYTHON_DOCS),
    "web": Offer(
        title="Many small sites", serve=_web, size=10_000, quick=1_000,
        what="a seeded synthetic web on addresses of 127.0.0.0/8 behind nginx, pages and links "
        "heavy-tailed, 64 connections",
        missing=lambda: "" if nginx_path() else "nginx is not installed",
    ),
    "slow": Offer(
        title="A slow server", serve=_slow, size=5_000, quick=1_000,
        what="small pages that take 100 ms each, all named by the first, one host, "
        "100 connections",
    ),
}  # fmt: skip
