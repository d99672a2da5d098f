"""The practice site without a server: a visit in, a page out.

Every page is a function of the visit. Pages of their own are named in `fixed_pages`; families of
pages have one method each.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping

import msgspec

from crawler.practice import api, news, sitemaps, troubles
from crawler.practice.calendar import calendar_page
from crawler.practice.catalogue import CATEGORIES, EPOCH, Book, make_books
from crawler.practice.covers import picture
from crawler.practice.fixed_pages import MOVING, STILL
from crawler.practice.page import Page, Visit, failure, not_found
from crawler.practice.shop import BookList, category_path, product_page, review_page
from crawler.practice.timeline import REDESIGN, book_on, gone_status, midnight
from crawler.practice.validators import stamped, unless_known

_PER_PAGE = 30
_PER_CATEGORY_PAGE = 15
_NOON = 12 * 3600

_LIST = re.compile(r"(/catalogue|/category/[a-z]+)/(?:index|page-([1-9]\d{0,3}))\.html")
_REVIEWS = re.compile(r"(/catalogue/[a-z0-9-]+_\d+/)reviews/(?:index|page-([1-9]\d{0,3}))\.html")


class Shop:
    """A whole shop made from a seed, as it is on one day.

    Args:
        seed: The shop is made from it.
        day: `crawler.practice.timeline` has what differs from day to day.
        now: Seconds since 1970 UTC, for the news; None is noon of `day`.

    Attributes:
        books: Its stock, in the catalogue's order.
        articles: The news it lists, newest first.
    """

    def __init__(self, seed: int = 1, day: datetime.date = EPOCH, now: float | None = None) -> None:
        self._seed, self._day = seed, day
        self._now = midnight(day) + _NOON if now is None else now
        self._all = make_books(seed)
        self.books = self.truth(day)
        self.articles = news.listed_articles(seed, self._now)
        self._today = midnight(day)
        self._gone = self.gone(day)
        self._redesign = REDESIGN if day >= REDESIGN else None
        self._by_folder = {book.folder: book for book in self.books}
        self._by_image = {book.image: book for book in self.books}
        self._lists = {one.first.removesuffix("/index.html"): one for one in self._make_lists()}
        self._listings = self._make_listings()
        # Each page is made once; what is made for its visit is not kept.
        self._kept: dict[tuple[str, str], Page] = {}

    def truth(self, day: datetime.date | None = None) -> tuple[Book, ...]:
        """Return the books that are in the shop on a day, by default its own, as they are then."""
        found = (book_on(book, day or self._day) for book in self._all)
        return tuple(book for book in found if book is not None)

    def gone(self, day: datetime.date | None = None) -> dict[str, int]:
        """Return the paths of books that were taken away by a day, with what they answer."""
        found = ((book.path, gone_status(book.number, day or self._day)) for book in self._all)
        return {path: status for path, status in found if status is not None}

    def answer(self, visit: Visit) -> Page:
        """Return the page for a visit; a 404 for a path that leads nowhere."""
        if visit.method not in ("GET", "HEAD") and visit.path != "/login":
            return failure(405, "Method not allowed", ("Allow", "GET, HEAD"))
        key = (visit.origin, visit.path)
        page = None if visit.query else self._kept.get(key)
        if page is None:
            page = stamped(self._make(visit))
            if page.modified is not None and not visit.query:
                self._kept[key] = page
        return unless_known(visit, page)

    def _make(self, visit: Visit) -> Page:
        path = visit.path
        if path in STILL:
            return msgspec.structs.replace(STILL[path](visit), modified=midnight(EPOCH))
        if path in MOVING:
            return MOVING[path](visit)
        if path == "/api/books.json":
            return api.books_json(visit, self.books, self._today)
        return self._family(visit) or not_found()

    def _family(self, visit: Visit) -> Page | None:
        path, origin = visit.path, visit.origin
        if path in self._listings:
            return self._listings[path](origin)
        if path in self._by_image:
            return picture(self._by_image[path])
        article = news.article_at(self._seed, self._now, path)
        if article is not None:
            return news.article_page(article, origin)
        return (
            self._product(path, origin)
            or self._listing(path, origin)
            or self._review(path)
            or troubles.chain(path)
            or calendar_page(path)
        )

    def _product(self, path: str, origin: str) -> Page | None:
        book = self._by_folder.get(path.removesuffix("index.html"))
        if book is not None:
            return product_page(book, origin, self._redesign) if path == book.path else None
        status = self._gone.get(path)
        return None if status is None else failure(status, "This book is gone")

    def _listing(self, path: str, origin: str) -> Page | None:
        if path == "/":
            path = "/catalogue/index.html"
        match = _LIST.fullmatch(path)
        if match is None or match.group(1) not in self._lists:
            return None
        return self._lists[match.group(1)].render(int(match.group(2) or 1), origin, self._today)

    def _review(self, path: str) -> Page | None:
        match = _REVIEWS.fullmatch(path)
        book = self._by_folder.get(match.group(1)) if match else None
        if match is None or book is None:
            return None
        return review_page(book, int(match.group(2) or 1))

    def _make_lists(self) -> list[BookList]:
        everything = BookList(
            title="All books", books=self.books, first="/catalogue/index.html", per_page=_PER_PAGE
        )
        return [everything] + [
            BookList(
                title=name,
                books=[book for book in self.books if book.category == name],
                first=category_path(name),
                per_page=_PER_CATEGORY_PAGE,
            )
            for name in CATEGORIES
        ]

    def _make_listings(self) -> Mapping[str, Callable[[str], Page]]:
        return {
            "/news/index.html": lambda _: news.index_page(self.articles),
            "/news/rss.xml": lambda origin: sitemaps.rss(self.articles, origin),
            "/news/atom.xml": lambda origin: sitemaps.atom(self.articles, origin),
            "/news-sitemap.xml": lambda origin: sitemaps.news_sitemap(self.articles, origin),
            "/sitemap.xml": self._index,
            "/sitemaps/pages.xml": self._pages,
            "/sitemaps/books.xml.gz": self._products,
            "/images/list.csv": lambda o: sitemaps.image_list(self.books, o, self._today),
        }

    def _index(self, origin: str) -> Page:
        day = self._day
        entries = (
            sitemaps.Entry(f"{origin}/sitemaps/pages.xml", day),
            sitemaps.Entry(f"{origin}/sitemaps/books.xml.gz", day),
        )
        return sitemaps.sitemap_index(entries, self._today)

    def _pages(self, origin: str) -> Page:
        lists = (
            book_list.path(number)
            for book_list in self._lists.values()
            for number in range(1, book_list.pages + 1)
        )
        paths = ("/", *lists, "/about.html", "/news/index.html")
        return sitemaps.sitemap((sitemaps.Entry(origin + path) for path in paths), self._today)

    def _products(self, origin: str) -> Page:
        entries = (
            sitemaps.Entry(origin + book.path, max(book.modified, self._redesign or book.modified))
            for book in self.books
        )
        return sitemaps.zipped_sitemap(entries, self._today)
