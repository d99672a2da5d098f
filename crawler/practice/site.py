"""The practice site without a server: a visit in, a page out.

Every page is a function of the visit. A new one is written in `shop` or `oddities` and named
here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from crawler.practice import oddities
from crawler.practice.catalogue import CATEGORIES, Book, make_books
from crawler.practice.page import Page, Visit, not_found
from crawler.practice.shop import listing_page, product_page

_FIXED: Mapping[str, Callable[[Visit], Page]] = {
    "/about.html": oddities.about,
    "/robots.txt": oddities.robots,
    "/private/accounts.html": oddities.private,
    "/old-catalogue.html": oddities.moved,
    "/welcome.html": oddities.welcome,
    "/empty.html": oddities.empty,
    "/legacy/meta.html": oddities.legacy_meta,
    "/legacy/bare.html": oddities.legacy_bare,
    "/nofollow.html": oddities.nofollow,
    "/nofollow-header.html": oddities.nofollow_header,
    "/untended.html": oddities.untended,
    "/terms.txt": oddities.terms,
}

_LIST = re.compile(r"/(catalogue|category/([a-z]+))/(?:index|page-(\d{1,4}))\.html")


class Shop:
    """A whole shop made from a seed.

    Attributes:
        books: Its stock, in the catalogue's order.
    """

    def __init__(self, seed: int = 1) -> None:
        self.books = make_books(seed)
        self._by_path = {book.path: book for book in self.books}

    def answer(self, visit: Visit) -> Page:
        """Return the page for a visit; a 404 for a path that leads nowhere."""
        fixed = _FIXED.get(visit.path)
        if fixed is not None:
            return fixed(visit)
        book = self._by_path.get(visit.path)
        if book is not None:
            return product_page(book)
        return self._listing(visit.path) or not_found()

    def _listing(self, path: str) -> Page | None:
        if path == "/":
            return listing_page("All books", self.books, 1, first="/catalogue/index.html")
        match = _LIST.fullmatch(path)
        if match is None:
            return None
        number = int(match.group(3) or 1)
        title, books = self._list(match.group(2))
        first = f"/{match.group(1)}/index.html"
        return listing_page(title, books, number, first=first)

    def _list(self, category: str | None) -> tuple[str, list[Book]]:
        if category is None:
            return "All books", list(self.books)
        name = category.capitalize()
        return name, [b for b in self.books if b.category == name and name in CATEGORIES]
