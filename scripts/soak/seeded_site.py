"""A site made up from a seed: pages, redirects, errors, and what each request is answered.

Pure: the server asks it, and so may a judge. Each host has the same number of pages; a page links
to three of its own host, which make a tree, to the one after it, and to one anywhere. What is odd
about a page is drawn once, so that a crawl of the same seed always ends the same, however often it
is interrupted.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

#: Kinds of pages beside the plain ones, with how many of a thousand there are.
ODD = {
    "busy": 25,  # answers 503 first
    "torn": 25,  # is cut off in the middle first
    "slow": 20,
    "missing": 25,  # 404
    "broken": 8,  # 500, always
    "moved": 25,  # a chain of redirects to a page of its own
    "known": 15,  # a redirect to a page that others link to
    "cookie": 15,  # a redirect to itself, that sets a cookie
    "bad": 15,  # an item breaks its schema
    "hidden": 15,  # robots.txt forbids it
}
_WAITS = ("busy", "torn", "slow", "broken")
_ITEMS = (0, 1, 1, 2, 3)
_FILLER = "Nobody reads this text, but a page without any would be quick to parse. " * 12


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as far as it matters.

    Attributes:
        host: Index of the host.
        path: As sent.
        cookie: The Cookie field, "" for none.
        before: How often this path was asked for on this host before.
    """

    host: int
    path: str
    cookie: str = ""
    before: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered.

    Attributes:
        status: Of the answer.
        body: All of it, also where only half is sent.
        fields: Header fields beside type and length.
        torn: The connection ends after half of the body.
        wait: Seconds before anything is sent.
    """

    status: int
    body: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    torn: bool = False
    wait: float = 0.0


class SeededSite:
    """The site.

    Args:
        seed: Of everything.
        pages: In all.
        hosts: That share them.
        quick: Without pages that make a crawl wait: the slow ones, and those to be asked for twice.
    """

    def __init__(self, seed: int, *, pages: int, hosts: int, quick: bool = False) -> None:
        chance = random.Random(f"site {seed}")
        self.hosts = hosts
        self.per_host = max(1, pages // hosts)
        odd = {kind: 0 if quick and kind in _WAITS else share for kind, share in ODD.items()}
        kinds, weights = ("plain", *odd), (1000 - sum(odd.values()), *odd.values())
        self.kinds = [
            ["plain", *chance.choices(kinds, weights, k=self.per_host - 1)] for _ in range(hosts)
        ]
        self._items = [chance.choices(_ITEMS, k=self.per_host) for _ in range(hosts)]
        self._across = [
            [(chance.randrange(hosts), chance.randrange(self.per_host)) for _ in range(pages)]
            for _ in range(hosts)
        ]
        self._waits = [
            [chance.uniform(0.05, 0.4) for _ in range(self.per_host)] for _ in range(hosts)
        ]

    def path(self, host: int, page: int) -> str:
        """Return where a page is."""
        return f"/{'hidden' if self.kinds[host][page] == 'hidden' else 'p'}/{page}"

    def reply(self, asked: Asked, authority: str) -> Reply:
        """Answer a request.

        Args:
            asked: The request.
            authority: Host and port pattern of links to other hosts, with `{host}` in it.
        """
        if asked.path == "/robots.txt":
            return Reply(200, "User-agent: *\nDisallow: /hidden/\n", (("type", "text/plain"),))
        kind, _, number = asked.path.strip("/").partition("/")
        page, _, rest = number.partition("/")
        if not page.isdecimal() or int(page) >= self.per_host:
            return Reply(404)
        if kind == "hop":
            return self._hop(int(page), int(rest))
        if kind == "end":
            return Reply(200, self._text(asked.host, int(page), authority, leaf=True))
        return self._page(asked, int(page), authority)

    def _hop(self, page: int, left: int) -> Reply:
        target = f"/hop/{page}/{left - 1}" if left > 1 else f"/end/{page}"
        return Reply(301, fields=(("location", target),))

    def _page(self, asked: Asked, page: int, authority: str) -> Reply:
        kind, first = self.kinds[asked.host][page], asked.before == 0
        if kind == "missing":
            return Reply(404, "not here")
        if kind == "broken":
            return Reply(500, "sorry")
        if kind == "busy" and first:
            return Reply(503, "later")
        if kind == "moved":
            return Reply(302, fields=(("location", f"/hop/{page}/{1 + page % 3}"),))
        if kind == "known":
            return Reply(302, fields=(("location", self.path(asked.host, page // 2)),))
        mine = f"c{page}=1"
        if kind == "cookie" and mine not in asked.cookie:
            fields = (("location", asked.path), ("set-cookie", f"{mine}; Path={asked.path}"))
            return Reply(302, fields=fields)
        wait = self._waits[asked.host][page] if kind == "slow" else 0.0
        text = self._text(asked.host, page, authority)
        return Reply(200, text, torn=kind == "torn" and first, wait=wait)

    def _text(self, host: int, page: int, authority: str, *, leaf: bool = False) -> str:
        links = [] if leaf else self._links(host, page, authority)
        prices = [f"{page}.{n:02}" for n in range(self._items[host][page])]
        if self.kinds[host][page] == "bad":
            prices.append("priceless")
        name = f"{host}-{page}{'-end' if leaf else ''}"
        items = "".join(
            f"<li class=thing><b>{name}-{n}</b><i>{price}</i></li>"
            for n, price in enumerate(prices)
        )
        anchors = " ".join(f'<a href="{link}">{link}</a>' for link in links)
        return f"<title>{name}</title><h1>{name}</h1><ul>{items}</ul><p>{_FILLER}</p>{anchors}"

    def _links(self, host: int, page: int, authority: str) -> list[str]:
        below = [n for n in (*range(page * 3 + 1, page * 3 + 4), page + 1) if n < self.per_host]
        other, far = self._across[host][page]
        return [
            *(self.path(host, child) for child in below),
            f"http://{authority.format(host=other + 1)}{self.path(other, far)}",
        ]
