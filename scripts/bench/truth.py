"""Whether a crawl found what there is: a run that did not is not worth a figure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

from scripts.bench.walk import reachable_pages


def links_of_folder(folder: Path, root_url: str) -> dict[str, int]:
    """Return each page that can be reached in a folder, with its number of `a[href]`.

    Reads the files with lxml, and shares no code with any crawler.
    """
    return {
        url: _links(folder / unquote(urlsplit(url).path).lstrip("/"))
        for url in reachable_pages(folder, root_url)
    }


def _links(file: Path) -> int:
    file = file / "index.html" if file.is_dir() else file
    body = file.read_bytes()
    if not body.strip():
        return 0
    return sum(1 for a in html.document_fromstring(body).iter("a") if a.get("href") is not None)


def read_pages(path: Path) -> Iterable[tuple[str, int]]:
    """Yield URL and number of links of each page that a program wrote down."""
    with path.open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            yield record["url"], record["links"]


def faults(truth: Mapping[str, int], found: Iterable[tuple[str, int]]) -> str:
    """Return what is wrong with the pages that a program wrote down, "" if nothing is.

    Args:
        truth: Number of links of each URL.
        found: URL and number of links of each page written down.
    """
    links: dict[str, int] = {}
    times: Counter[str] = Counter()
    for url, number in found:
        links[unquote(url)] = number
        times[unquote(url)] += 1
    wanted = {unquote(url): number for url, number in truth.items()}
    said = [
        _some("missing", wanted.keys() - links.keys()),
        _some("not asked for", links.keys() - wanted.keys()),
        _some("written twice", {url for url, count in times.items() if count > 1}),
        _some(
            "with another number of links",
            {url for url in links.keys() & wanted.keys() if links[url] != wanted[url]},
        ),
    ]
    return ", ".join(one for one in said if one)


def _some(what: str, urls: set[str]) -> str:
    return f"{len(urls)} pages {what} (as {min(urls)})" if urls else ""
