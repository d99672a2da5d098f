"""The small sites of the practice web as folders, each named by an address of 127.0.0.0/8."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from crawler.practice.small_sites import Place, markup, web


def address(site: int) -> str:
    """Return the address of a site."""
    return f"127.{1 + site // 62_500}.{site // 250 % 250}.{1 + site % 250}"


def url(port: int, place: Place) -> str:
    """Return the URL of a page."""
    return f"http://{address(place[0])}:{port}/{place[1]}.html"


def write_web(folder: Path, sites: int, port: int) -> dict[str, int]:
    """Write a web into a folder for each address; return the number of links of each URL."""
    links: dict[str, int] = {}
    for page in web(sites):
        home = folder / address(page.place[0])
        if page.place[1] == 0:
            home.mkdir()
        (home / f"{page.place[1]}.html").write_text(
            markup(page, partial(url, port)), encoding="utf-8"
        )
        links[url(port, page.place)] = len(page.targets)
    return links
