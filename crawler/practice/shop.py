"""The shop's own pages: lists, products and what readers said."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from html import escape

import msgspec

from crawler.practice import markup
from crawler.practice.catalogue import CATEGORIES, Book
from crawler.practice.page import Page, html_page
from crawler.practice.structured import product_json_ld, product_opengraph
from crawler.practice.timeline import midnight

REVIEWS_PER_PAGE = 5

_NAMES = ("Ada", "Béla", "Chidi", "Dana", "Emre", "Freya", "Gustav", "Hana")
_OPINIONS = (
    "Read it in one night and lent it to my sister.",
    "The middle part is slow, the end makes up for it.",
    "Came with a bent corner; the text is fine.",
    "I expected more ferries.",
)


class BookList(msgspec.Struct, frozen=True, kw_only=True):
    """A list of books on several pages.

    Attributes:
        first: Path of page 1; the others stand beside it as `page-2.html` and so on.
        per_page: Books on a page.
    """

    title: str
    books: Sequence[Book]
    first: str
    per_page: int

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return -(-len(self.books) // self.per_page)

    def path(self, number: int) -> str:
        """Return the path of one page, from 1."""
        return _page_path(self.first, number)

    def render(self, number: int, origin: str, modified: int) -> Page | None:
        """Return one page; None if the list has no such page.

        Args:
            number: Which, from 1.
            origin: Of the site.
            modified: Seconds since 1970 of the list's last change.
        """
        if not 1 <= number <= self.pages:
            return None
        here = self.books[(number - 1) * self.per_page : number * self.per_page]
        content = (
            f"<h1>{escape(self.title)}</h1>\n{_categories()}\n<section>\n"
            + "\n".join(map(_pod, here))
            + f"\n</section>\n{_pager(number, self.pages, self.first)}"
        )
        head = f'<link rel="canonical" href="{origin}{self.path(number)}">'
        title = f"{self.title}, page {number}"
        return html_page(title, content, head=head, modified=modified)


def product_page(book: Book, origin: str, redesign: datetime.date | None) -> Page:
    """Return the page of one book.

    Args:
        book: As it is today.
        origin: Of the site.
        redesign: Since when the new markup holds; None as long as it does not.
    """
    head = f'<link rel="canonical" href="{origin}{book.path}">'
    scope = ""
    content = markup.redesigned(book) if redesign else markup.usual(book)
    if book.number % 5:
        head += product_json_ld(book, origin)
    elif redesign is None:
        scope = ' itemscope itemtype="https://schema.org/Product"'
        content = markup.with_microdata(book)
    if book.number % 3 == 0:
        head += product_opengraph(book, origin)
    content = f"""{_crumbs(book)}
<article class="product_page"{scope}>
<div id="product_gallery"><img src="../..{book.image}" alt="{escape(book.title)}"></div>
{content}
<div id="product_description"><h2>Product Description</h2></div>
<p>{escape(book.text)}</p>
{_table(book, with_price=redesign is None)}
</article>"""
    modified = max(book.modified, redesign or book.modified)
    return html_page(book.title, content, head=head, modified=midnight(modified))


def review_page(book: Book, number: int) -> Page | None:
    """Return one page of what readers said about a book, from 1; None if there is no such page."""
    pages = -(-book.reviews // REVIEWS_PER_PAGE)
    if not 1 <= number <= pages:
        return None
    first = (number - 1) * REVIEWS_PER_PAGE
    here = range(first, min(first + REVIEWS_PER_PAGE, book.reviews))
    title = f"Reviews of {book.title}"
    content = (
        f'<h1>{escape(title)}</h1>\n<p><a href="{book.path}">The book</a></p>\n'
        + "\n".join(_review(book, place) for place in here)
        + f"\n{_pager(number, pages, f'{book.folder}reviews/index.html')}"
    )
    return html_page(f"{title}, page {number}", content, modified=midnight(book.added))


def category_path(category: str) -> str:
    """Return the path of a category's first page."""
    return f"/category/{category.lower()}/index.html"


def _crumbs(book: Book) -> str:
    return f"""<ul class="breadcrumb"><li><a href="../../">Home</a></li>
<li><a href="{category_path(book.category)}">{book.category}</a></li></ul>"""


def _table(book: Book, *, with_price: bool) -> str:
    added = f"{book.added.day} {book.added:%B %Y}"
    rows = [("UPC", book.upc), ("Product Type", "Books")]
    if with_price:
        rows += [
            ("Price (excl. tax)", book.price),
            ("Availability", markup.availability(book)),
        ]
    rows.append(("Colour", book.colour))
    rows.append(("Added", f'<time datetime="{book.added.isoformat()}">{added}</time>'))
    if book.reviews:
        rows.append(("Reviews", f'<a href="reviews/index.html">{book.reviews}</a>'))
    lines = "\n".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    return f'<table class="table table-striped">\n{lines}\n</table>'


def _review(book: Book, place: int) -> str:
    name = _NAMES[(book.number + place) % len(_NAMES)]
    text = _OPINIONS[(book.number // 5 + place) % len(_OPINIONS)]
    day = book.added + datetime.timedelta(days=3 * place + 1)
    rating = 1 + (book.rating + place) % 5
    return f"""<article class="review" id="r{place + 1}">
<h2>{name}</h2> <time datetime="{day.isoformat()}">{day.isoformat()}</time>
<p class="star-rating {markup.stars(rating)}"></p>
<p class="text">{text}</p>
</article>"""


def _categories() -> str:
    links = "".join(f'<li><a href="{category_path(name)}">{name}</a></li>' for name in CATEGORIES)
    return f'<ul class="nav">{links}</ul>'


def _pod(book: Book) -> str:
    title = escape(book.title)
    shown = escape(book.title[:24])
    return f"""<article class="product_pod">
<h3><a href="{book.path}" title="{title}">{shown}</a></h3>
<p class="star-rating {markup.stars(book.rating)}"></p>
<p class="price_color">{book.price}</p>
<p class="instock availability">{"In stock" if book.stock else "Out of stock"}</p>
</article>"""


def _page_path(first: str, number: int) -> str:
    return first if number == 1 else f"{first.rpartition('/')[0]}/page-{number}.html"


def _pager(number: int, pages: int, first: str) -> str:
    before, after = _page_path(first, number - 1), _page_path(first, number + 1)
    back = f'<li class="previous"><a href="{before}">previous</a></li>' if number > 1 else ""
    on = f'<li class="next"><a href="{after}">next</a></li>' if number < pages else ""
    return f'<ul class="pager">{back}<li class="current">Page {number} of {pages}</li>{on}</ul>'
