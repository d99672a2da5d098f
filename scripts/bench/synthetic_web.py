"""A web of many small sites, the same for the same seed: what a crawl of many hosts is measured on.

Sites are addresses of 127.0.0.0/8, each with a folder of pages. How many pages a site has, and how
many links a page, is heavy-tailed, as on the web: most have few, some have hundreds. Every page can
be reached from the first of the first site.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 6
#: Exponents of the two Pareto distributions, and where they are cut off.
_SITE_TAIL, _LARGEST_SITE = 1.6, 2_000
_LINK_TAIL, _FEWEST_LINKS, _MOST_LINKS = 1.3, 3, 400
#: Share of the links that stay on their site.
_LOCAL = 0.7
#: Pages of a site that one page of it is sure to link to.
_BRANCHES = 4
_WORDS = ("a page of no site at all whose words", "mean nothing", "and", "only take their time")

#: A page: number of its site, number on its site.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class WebPage:
    """One page.

    Attributes:
        place: Where it is.
        targets: Where its links lead, in order.
        words: How long its text is.
    """

    place: Place
    targets: tuple[Place, ...]
    words: int


def address(site: int) -> str:
    """Return the address of a site."""
    return f"127.{1 + site // 62_500}.{site // 250 % 250}.{1 + site % 250}"


def url(place: Place, port: int) -> str:
    """Return the URL of a page."""
    return f"http://{address(place[0])}:{port}/{place[1]}.html"


def web(sites: int, seed: int = SEED) -> Iterator[WebPage]:
    """Yield every page of a web."""
    chance = random.Random(seed)
    sizes = [min(_LARGEST_SITE, int(chance.paretovariate(_SITE_TAIL))) for _ in range(sites)]
    # Each site is named by a page of an earlier one, each page by an earlier one of its site.
    sure: dict[Place, list[Place]] = {}
    for site in range(1, sites):
        earlier = chance.randrange(site)
        sure.setdefault((earlier, chance.randrange(sizes[earlier])), []).append((site, 0))
    for site, size in enumerate(sizes):
        for page in range(1, size):
            sure.setdefault((site, (page - 1) // _BRANCHES), []).append((site, page))
    for site, size in enumerate(sizes):
        for page in range(size):
            place = (site, page)
            wanted = min(_MOST_LINKS, int(_FEWEST_LINKS * chance.paretovariate(_LINK_TAIL)))
            targets = list(sure.get(place, ()))
            while len(targets) < wanted:
                targets.append(_anywhere(chance, site, sizes))
            chance.shuffle(targets)
            yield WebPage(place, tuple(targets), chance.randrange(50, 800))


def _anywhere(chance: random.Random, site: int, sizes: list[int]) -> Place:
    if chance.random() >= _LOCAL:
        site = chance.randrange(len(sizes))
    return site, chance.randrange(sizes[site])


def markup(page: WebPage, port: int) -> str:
    """Return the HTML of a page."""
    site, number = page.place
    links = [
        f'<li><a href="{target}.html">page {target}</a></li>'
        if there == site
        else f'<li><a href="{url((there, target), port)}">site {there}</a></li>'
        for there, target in page.targets
    ]
    text = " ".join(_WORDS[turn % len(_WORDS)] for turn in range(page.words))
    title = f"Page {number} of site {site}"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><h1>{title}</h1><p>{text}</p><ul>{''.join(links)}</ul></body></html>\n"
    )


def write_web(folder: Path, sites: int, port: int) -> dict[str, int]:
    """Write a web into a folder for each address; return the number of links of each URL."""
    links: dict[str, int] = {}
    for page in web(sites):
        home = folder / address(page.place[0])
        if page.place[1] == 0:
            home.mkdir()
        (home / f"{page.place[1]}.html").write_text(markup(page, port), encoding="utf-8")
        links[url(page.place, port)] = len(page.targets)
    return links
