"""What pages say for machines in their head: JSON-LD and OpenGraph."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import msgspec

from crawler.practice.catalogue import Book
from crawler.practice.markup import rating_count


def json_ld(data: object) -> str:
    """Return an element with data as JSON-LD."""
    # "</script>" in a text would end the element early.
    text = msgspec.json.encode(data).decode().replace("</", "<\\/")
    return f'<script type="application/ld+json">{text}</script>'


def opengraph(properties: Sequence[tuple[str, str]]) -> str:
    """Return the elements of OpenGraph properties, names without `og:` written out."""
    return "".join(
        f'<meta property="{name}" content="{escape(value)}">' for name, value in properties
    )


def product_json_ld(book: Book, origin: str) -> str:
    """Return a schema.org Product; that of some books stands in a `@graph` with its crumbs."""
    state = "InStock" if book.stock else "OutOfStock"
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": book.title,
        "sku": book.upc,
        "description": book.text,
        "image": [origin + book.image],
        "category": book.category,
        "offers": {
            "@type": "Offer",
            "price": book.amount,
            "priceCurrency": "GBP",
            "availability": f"https://schema.org/{state}",
            "url": origin + book.path,
        },
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": book.rating,
            "ratingCount": rating_count(book),
        },
    }
    if book.number % 5 != 1:
        return json_ld(product)
    del product["@context"]
    crumbs = {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": 1, "name": "Home", "item": f"{origin}/"},
            {"@type": "ListItem", "position": 2, "name": book.category},
        ],
    }
    return json_ld({"@context": "https://schema.org", "@graph": [crumbs, product]})


def product_opengraph(book: Book, origin: str) -> str:
    """Return the OpenGraph properties of a product."""
    return opengraph(
        (
            ("og:type", "product"),
            ("og:title", book.title),
            ("og:description", book.text),
            ("og:url", origin + book.path),
            ("og:image", origin + book.image),
            ("product:price:amount", book.amount),
            ("product:price:currency", "GBP"),
        )
    )
