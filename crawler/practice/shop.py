"""The shop's own pages: lists, categories and products."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from crawler.practice.catalogue import CATEGORIES, Book
from crawler.practice.page import Page, html_page

PER_PAGE = 8

_STARS = ("One", "Two", "Three", "Four", "Five")


def listing_page(title: str, books: Sequence[Book], number: int, *, first: str) -> Page | None:
    """Return one page of a list of books; None if the list has no such page.

    Args:
        title: Heading of the list.
        books: All of its books.
        number: Which page, from 1.
        first: Path of page 1; the others stand beside it as `page-2.html` and so on.
    """
    pages = -(-len(books) // PER_PAGE)
    if not 1 <= number <= pages:
        return None
    here = books[(number - 1) * PER_PAGE : number * PER_PAGE]
    content = (
        f"<h1>{escape(title)}</h1>\n{_categories()}\n<section>\n"
        + "\n".join(map(_pod, here))
        + f"\n</section>\n{_pager(number, pages, first)}"
    )
    return html_page(f"{title}, page {number}", content)


def product_page(book: Book) -> Page:
    """Return the page of one book."""
    rows = (
        ("UPC", book.upc),
        ("Product Type", "Books"),
        ("Price (excl. tax)", book.price),
        ("Availability", f"In stock ({book.stock} available)"),
    )
    table = "\n".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    content = f"""<ul class="breadcrumb"><li><a href="../../">Home</a></li>
<li><a href="{category_path(book.category)}">{book.category}</a></li></ul>
<article class="product_page">
<h1>{escape(book.title)}</h1>
<p class="price_color">{book.price}</p>
<p class="instock availability">
    In stock ({book.stock} available)
</p>
<p class="star-rating {_STARS[book.rating - 1]}"></p>
<div id="product_description"><h2>Product Description</h2></div>
<p>{escape(book.text)}</p>
<table class="table table-striped">
{table}
</table>
</article>"""
    return html_page(book.title, content)


def category_path(category: str) -> str:
    """Return the path of a category's first page."""
    return f"/category/{category.lower()}/index.html"


def _categories() -> str:
    links = "".join(f'<li><a href="{category_path(name)}">{name}</a></li>' for name in CATEGORIES)
    return f'<ul class="nav">{links}</ul>'


def _pod(book: Book) -> str:
    title = escape(book.title)
    return f"""<article class="product_pod">
<h3><a href="{book.path}" title="{title}">{title[:24]}</a></h3>
<p class="star-rating {_STARS[book.rating - 1]}"></p>
<p class="price_color">{book.price}</p>
<p class="instock availability">In stock</p>
</article>"""


def _pager(number: int, pages: int, first: str) -> str:
    folder = first.rpartition("/")[0]
    before = first if number == 2 else f"{folder}/page-{number - 1}.html"
    back = f'<li class="previous"><a href="{before}">previous</a></li>' if number > 1 else ""
    after = f"{folder}/page-{number + 1}.html"
    on = f'<li class="next"><a href="{after}">next</a></li>' if number < pages else ""
    return f'<ul class="pager">{back}<li class="current">Page {number} of {pages}</li>{on}</ul>'
