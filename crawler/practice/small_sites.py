"""A seeded web of many small sites, for measuring.

How many pages a site has, and how many links a page, is heavy-tailed, as on the web: most sites
have one page or two, some have hundreds. Every page can be reached from the first page of the first
site. Pages are named `NUMBER.html` in a place of their site's own; where that is, is up to whoever
serves them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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


def markup(page: WebPage, url: Callable[[Place], str]) -> str:
    """Return the HTML of a page.

    Args:
        page: The page.
        url: Returns what a link to a page of another site says.
    """
    site, number = page.place
    links = [
        f'<li><a href="{target}.html">page {target}</a></li>'
        if there == site
        else f'<li><a href="{url((there, target))}">site {there}</a></li>'
        for there, target in page.targets
    ]
    text = " ".join(_WORDS[turn % len(_WORDS)] for turn in range(page.words))
    title = f"Page {number} of site {site}"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><h1>{title}</h1><p>{text}</p><ul>{''.join(links)}</ul></body></html>\n"
    )
