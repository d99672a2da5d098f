"""What a product page says in HTML that people see: the usual markup, and that of the redesign."""

from __future__ import annotations

from html import escape

from crawler.practice.catalogue import Book

_STARS = ("One", "Two", "Three", "Four", "Five")


def stars(rating: int) -> str:
    """Return the word that the usual markup has for a rating from 1 to 5."""
    return _STARS[rating - 1]


def availability(book: Book) -> str:
    """Return what is said about the stock."""
    return f"In stock ({book.stock} available)" if book.stock else "Out of stock"


def usual(book: Book) -> str:
    """Return title, price, stock and rating as they are marked up until the redesign."""
    return f"""<h1>{escape(book.title)}</h1>
<p class="price_color">{book.price}</p>
<p class="instock availability">
    {availability(book)}
</p>
<p class="star-rating {stars(book.rating)}"></p>"""


def redesigned(book: Book) -> str:
    """Return the same in the new markup, in which nothing but the heading is found as before."""
    return f"""<h1 class="headline">{escape(book.title)}</h1>
<div class="buy"><data class="cost" value="{book.amount}">GBP {book.amount}</data>
<span class="stock-level" data-stock="{book.stock}">{availability(book)}</span>
<meter class="stars" min="1" max="5" value="{book.rating}"></meter></div>"""


def with_microdata(book: Book) -> str:
    """Return the usual markup with the properties of schema.org in its elements."""
    state = "InStock" if book.stock else "OutOfStock"
    return f"""<h1 itemprop="name">{escape(book.title)}</h1>
<meta itemprop="sku" content="{book.upc}">
<div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
<meta itemprop="priceCurrency" content="GBP"><meta itemprop="price" content="{book.amount}">
<link itemprop="availability" href="https://schema.org/{state}">
<p class="price_color">{book.price}</p>
<p class="instock availability">
    {availability(book)}
</p>
</div>
<div itemprop="aggregateRating" itemscope itemtype="https://schema.org/AggregateRating">
<meta itemprop="ratingValue" content="{book.rating}">
<meta itemprop="ratingCount" content="{rating_count(book)}">
<p class="star-rating {stars(book.rating)}"></p>
</div>"""


def rating_count(book: Book) -> int:
    """Return how many people rated the book."""
    return 5 + book.number % 40
