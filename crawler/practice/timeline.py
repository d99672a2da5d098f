"""How the shop changes from day to day, by rules of arithmetic that a test can follow.

With `n` the number of days since the epoch, from 1:

* a book's price changes when `number + n` is a multiple of 30, its stock when `number + n` leaves
  7 by 15: some seven and fourteen of 200 books a day;
* on day `3 m`, for `m` from 1 to 28, book `7 m` is taken away: 410 Gone for an even `m`, 404 for an
  odd one; if `m` is a multiple of 4 it is back six days later;
* on day `2 m`, for `m` from 1 to 60, book `200 + m` is added;
* from `REDESIGN` on, product pages have another markup.

Before the epoch the shop is as it was made.
"""

from __future__ import annotations

import datetime

import msgspec

from crawler.practice.catalogue import BOOKS, EPOCH, Book

#: First day of the new markup.
REDESIGN = datetime.date(2026, 3, 1)

_PRICE_EVERY, _PRICE_AT = 30, 0
_STOCK_EVERY, _STOCK_AT = 15, 7
_TAKEN_AWAY = 28
_AWAY_DAYS = 6


def book_on(book: Book, day: datetime.date) -> Book | None:
    """Return a book of `make_books` as it is on a day; None if it is not in the shop then."""
    n = (day - EPOCH).days
    if gone_status(book.number, day) is not None:
        return None
    added = book.added
    if book.number > BOOKS:
        since = 2 * (book.number - BOOKS)
        if n < since:
            return None
        added = EPOCH + datetime.timedelta(days=since)
    start = max(0, (added - EPOCH).days)
    prices = _changes(book.number, start, n, _PRICE_EVERY, _PRICE_AT)
    stocks = _changes(book.number, start, n, _STOCK_EVERY, _STOCK_AT)
    changed = max((*prices[-1:], *stocks[-1:]), default=None)
    return msgspec.structs.replace(
        book,
        # Neither step is a multiple of its modulus: each change shows.
        pence=book.pence + len(prices) * 173 % 1000,
        stock=(book.stock + len(stocks) * 5) % 23,
        added=added,
        modified=added if changed is None else EPOCH + datetime.timedelta(days=changed),
    )


def gone_status(number: int, day: datetime.date) -> int | None:
    """Return what the address of a book that was taken away answers: 404 or 410; else None."""
    n = (day - EPOCH).days
    m, rest = divmod(number, 7)
    if rest or not 1 <= m <= _TAKEN_AWAY or n < 3 * m:
        return None
    if m % 4 == 0 and n >= 3 * m + _AWAY_DAYS:
        return None
    return 404 if m % 2 else 410


def midnight(day: datetime.date) -> int:
    """Return the seconds since 1970 at which a day begins, by UTC."""
    return int(datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp())


def _changes(number: int, start: int, n: int, every: int, at: int) -> range:
    """Return the days in (start, n] on which `number + day` leaves `at` when divided by `every`."""
    first = start + 1 + (at - number - start - 1) % every
    return range(first, n + 1, every)
