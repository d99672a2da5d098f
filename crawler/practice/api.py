"""The stock as JSON, page by page."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crawler.practice.catalogue import Book
from crawler.practice.page import Page, Visit

PER_PAGE = 50


def books_json(visit: Visit, books: Sequence[Book], modified: int) -> Page:
    """Return one page of the stock; 404 for a page that is not there, 400 for no number.

    Args:
        visit: `page` of its query is the page, from 1.
        books: The stock.
        modified: Seconds since 1970 of its last change.
    """
    wanted = visit.query.get("page", "1")
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 10):
        return _answer({"error": "page must be a number from 1"}, status=400)
    number, pages = int(wanted), -(-len(books) // PER_PAGE)
    if not 1 <= number <= pages:
        return _answer({"error": f"there are pages 1 to {pages}"}, status=404)
    here = books[(number - 1) * PER_PAGE : number * PER_PAGE]
    link = f"{visit.origin}/api/books.json?page={number + 1}" if number < pages else None
    return _answer(
        {
            "page": number,
            "pages": pages,
            "total": len(books),
            "next": link,
            "books": [_book(book, visit.origin) for book in here],
        },
        modified=modified,
    )


def _book(book: Book, origin: str) -> dict[str, object]:
    return {
        "upc": book.upc,
        "title": book.title,
        "price": book.pence / 100,
        "currency": "GBP",
        "stock": book.stock,
        "in_stock": book.stock > 0,
        "rating": book.rating,
        "added": book.added.isoformat(),
        "category": {"name": book.category},
        "url": origin + book.path,
        "image": origin + book.image,
    }


def _answer(data: object, *, status: int = 200, modified: int | None = None) -> Page:
    return Page(
        body=msgspec.json.encode(data), status=status, content_type="application/json",
        modified=modified,
    )  # fmt: skip
