"""Fields by the structured data of a page: which of its properties a field's name stands for.

A name of the table stands for the properties beside it, the first that is there. Any other name
stands for the property of that name: `date_modified` for `dateModified`, in OpenGraph for
`og:date_modified` and the like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crawler.errors import ConfigError
from crawler.spider.page_view import PageView

#: Kinds of structured data, as `try` names them.
KINDS = ("json_ld", "opengraph", "microdata")

#: Names in JSON-LD and microdata: paths of properties of schema.org.
SCHEMA_ORG: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline", "name"),
    "headline": ("headline", "name"),
    "description": ("description", "abstract"),
    "body": ("articleBody", "reviewBody", "text"),
    "author": ("author.name", "creator.name"),
    "authors": ("author.name", "creator.name"),
    "publisher": ("publisher.name",),
    "published": ("datePublished", "dateCreated", "uploadDate", "datePosted"),
    "modified": ("dateModified",),
    "updated": ("dateModified",),
    "section": ("articleSection",),
    "tags": ("keywords",),
    "image": ("image.url", "image.contentUrl", "thumbnailUrl"),
    "image_url": ("image.url", "image.contentUrl", "thumbnailUrl"),
    "price": ("offers.price", "offers.lowPrice", "offers.priceSpecification.price"),
    "currency": ("offers.priceCurrency", "offers.priceSpecification.priceCurrency"),
    "in_stock": ("offers.availability",),
    "availability": ("offers.availability",),
    "rating": ("aggregateRating.ratingValue", "reviewRating.ratingValue"),
    "review_count": ("aggregateRating.reviewCount", "aggregateRating.ratingCount"),
    "sku": ("sku", "offers.sku"),
    "gtin": ("gtin13", "gtin", "gtin14", "gtin12", "gtin8"),
    "brand": ("brand.name",),
}

#: Names in OpenGraph.
OPENGRAPH: Mapping[str, tuple[str, ...]] = {
    "title": ("og:title",),
    "headline": ("og:title",),
    "name": ("og:title",),
    "author": ("article:author", "book:author"),
    "authors": ("article:author", "book:author"),
    "publisher": ("article:publisher", "og:site_name"),
    "published": ("article:published_time", "book:release_date"),
    "modified": ("article:modified_time", "og:updated_time"),
    "updated": ("article:modified_time", "og:updated_time"),
    "section": ("article:section",),
    "tags": ("article:tag", "book:tag"),
    "image": ("og:image", "og:image:url", "og:image:secure_url"),
    "image_url": ("og:image", "og:image:url", "og:image:secure_url"),
    "price": ("product:price:amount", "og:price:amount"),
    "currency": ("product:price:currency", "og:price:currency"),
    "in_stock": ("product:availability", "og:availability"),
    "availability": ("product:availability", "og:availability"),
    "sku": ("product:retailer_item_id",),
    "brand": ("product:brand", "og:brand"),
}
_PREFIXES = ("og", "article", "product", "book")

# https://schema.org/ItemAvailability, and the words of OpenGraph.
_THERE = frozenset(("instock", "instoreonly", "onlineonly", "limitedavailability", "available"))
_GONE = frozenset(
    ("outofstock", "soldout", "discontinued", "backorder", "preorder", "presale", "reserved",
     "oos", "pending", "unavailable", "notavailable", "madetoorder")
)  # fmt: skip

#: Returns what a page says for a field; an empty list when it says nothing.
Lookup = Callable[[PageView], list[Any]]


def lookups(field: str, kinds: Sequence[str]) -> tuple[Lookup, ...]:
    """Return what asks each kind of structured data for a field, in order.

    Raises:
        ConfigError: A kind is not known.
    """
    return tuple(_lookup(field, kind) for kind in kinds)


def _lookup(field: str, kind: str) -> Lookup:
    if kind == "opengraph":
        find = _in_opengraph(field)
    elif kind in KINDS:
        find = _in_entity(field, kind)
    else:
        raise ConfigError(f"try: {kind!r} is not known ({', '.join(KINDS)})")
    if field != "in_stock":
        return find

    def in_stock(page: PageView) -> list[Any]:
        answers = [_is_there(value) for value in find(page)]
        return [answer for answer in answers if answer is not None]

    return in_stock


def _in_entity(field: str, kind: str) -> Lookup:
    names = SCHEMA_ORG.get(field) or tuple(dict.fromkeys((field, _camel(field))))
    paths = tuple(name.split(".") for name in names)

    def find(page: PageView) -> list[Any]:
        entity = page.json_ld if kind == "json_ld" else page.microdata
        return next(filter(None, map(entity.values, paths)), [])

    return find


def _in_opengraph(field: str) -> Lookup:
    names = OPENGRAPH.get(field) or tuple(f"{prefix}:{field}" for prefix in _PREFIXES)

    def find(page: PageView) -> list[Any]:
        return next((page.opengraph[name] for name in names if name in page.opengraph), [])

    return find


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _is_there(value: Any) -> bool | None:
    """Read an availability; None when it is none of the known words."""
    if isinstance(value, bool):
        return value
    word = str(value).rstrip("/").rpartition("/")[2].rpartition(":")[2]
    word = "".join(one for one in word.lower() if one.isalpha())
    return True if word in _THERE else False if word in _GONE else None
