"""A month of the practice shop: besides what its timeline changes, books move, some days are bad.

What happens on which night is fixed, so that the truth can be told from the dates alone.
"""

from __future__ import annotations

import asyncio
import datetime
import re
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec

from crawler.practice.catalogue import Book
from crawler.practice.page import Page, Visit, failure, html_page, not_found, redirect
from crawler.practice.server import PracticeSite
from crawler.practice.site import Shop

SEED = 1
#: The first night; the shop's redesign is on the twenty-first, 1 March.
FIRST = datetime.date(2026, 2, 9)
NIGHTS = 30

#: Whole nights on which something is wrong, counted from 0.
REFUSED, DOWN, PARTLY_DOWN, ALL_ERRORS, PRODUCT_ERRORS, EMPTY_LISTS = 4, 7, 12, 14, 17, 18
#: Those on which a full crawl does not see the whole shop.
BAD = (REFUSED, DOWN, PARTLY_DOWN, ALL_ERRORS, PRODUCT_ERRORS, EMPTY_LISTS)
#: The night on which the rules are made to fit the redesign.
MENDED = 24
#: The night on which the clock of the crawler's machine is wrong, and by how many days.
CLOCK_BACK, CLOCK_BACK_DAYS = 26, 5
#: The category whose books answer 503 on the night that is bad in part.
DOWN_CATEGORY = "Poetry"

WHAT = {
    0: "first night",
    REFUSED: "no connection",
    DOWN: "503 for all",
    PARTLY_DOWN: f"503 for {DOWN_CATEGORY}",
    ALL_ERRORS: "200 and an error page for all",
    PRODUCT_ERRORS: "the same for all books",
    EMPTY_LISTS: "lists without books",
    20: "redesign",
    MENDED: "rules mended",
    CLOCK_BACK: f"clock {CLOCK_BACK_DAYS} days back",
}


@dataclass(frozen=True, slots=True)
class Move:
    """A book that gets another address.

    Attributes:
        night: The first on which it has it.
        number: Of the book.
        redirects: The old address leads to the new one; else it is a 404.
    """

    night: int
    number: int
    redirects: bool


#: The third moves on a night on which its price changes, too (52 + 38 is a multiple of 30).
MOVES = (Move(6, 31, True), Move(10, 46, False), Move(13, 38, True), Move(22, 55, False))


def day_of(night: int) -> datetime.date:
    """Return the date of a night."""
    return FIRST + datetime.timedelta(days=night)


def folder_of(book: Book, night: int) -> str:
    """Return the path of a book's folder on a night."""
    moved = any(move.number == book.number and move.night <= night for move in MOVES)
    return _moved(book.folder) if moved else book.folder


def _moved(folder: str) -> str:
    return folder.replace("/catalogue/", "/catalogue/now-")


class Asked(msgspec.Struct, frozen=True):
    """A request and what was answered; `bytes` are those of the body."""

    path: str
    status: int
    bytes: int


class MonthShop(Shop):
    """The shop on one night of the month; `asked` holds what it was asked for."""

    def __init__(self, night: int) -> None:
        super().__init__(SEED, day_of(night))
        self._night = night
        self.asked: list[Asked] = []
        self._moves = [
            (book.folder, _moved(book.folder), move.redirects)
            for move in MOVES
            for book in self.books
            if book.number == move.number and move.night <= night
        ]
        self._down = {book.path for book in self.books if book.category == DOWN_CATEGORY}

    def answer(self, visit: Visit) -> Page:
        """Return what the night has for a visit."""
        page = self._trouble(visit.path) or super().answer(visit)
        self.asked.append(Asked(visit.path, page.status, len(page.body)))
        return page

    def _make(self, visit: Visit) -> Page:
        path = visit.path
        for old, new, redirects in self._moves:
            if path.startswith(old):
                return redirect(301, path.replace(old, new)) if redirects else not_found()
            if path.startswith(new):
                path = path.replace(new, old)
        page = super()._make(msgspec.structs.replace(visit, path=path))
        body = page.body
        for old, new, _ in self._moves:
            body = body.replace(old.encode(), new.encode())
        if self._night == EMPTY_LISTS:
            body = re.sub(rb'(?s)<article class="product_pod">.*?</article>', b"", body)
        return msgspec.structs.replace(page, body=body)

    def _trouble(self, path: str) -> Page | None:
        product = path.startswith("/catalogue/") and path.count("/") == 3
        if path == "/robots.txt" and self._night != DOWN:
            return None
        if self._night == DOWN or (self._night == PARTLY_DOWN and path in self._down):
            return failure(503, "Down for maintenance")
        if self._night == ALL_ERRORS or (self._night == PRODUCT_ERRORS and product):
            return html_page("Sorry", "<h1>Something went wrong</h1><p>Please try again.</p>")
        return None


class MonthSite:
    """The shop as a server on a thread of its own, night after night at one address."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._site = PracticeSite()
        self.shop = MonthShop(0)

    @property
    def url(self) -> str:
        """Address of the site."""
        return self._site.url

    def night(self, night: int) -> None:
        """Be the shop of a night, nothing asked yet."""
        self.shop = MonthShop(night)
        self._wait(self._turn(night))

    def again(self) -> None:
        """Forget what was asked."""
        self.shop.asked = []

    async def _turn(self, night: int) -> None:
        self._site.shop = self.shop
        self._site.log.clear()
        await self._site.close()
        if night != REFUSED:
            await self._site.start()

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self._site.start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._wait(self._site.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
