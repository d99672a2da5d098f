"""What a page shows to somebody who is about to write a config for its site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from crawler.extract.document import Document
from crawler.extract.links import links_of
from crawler.messages import HttpResponse, QueuedRequest
from crawler.spider.page_view import PageView
from crawler.spider.structured_field import lookups
from crawler.urls import host_key, join

if TYPE_CHECKING:
    from lxml import etree

#: Fields that are looked for in structured data, with the type that a schema would give them.
FIELDS = {
    "title": "str", "description": "str", "author": "str", "published": "datetime",
    "modified": "datetime", "section": "str", "image_url": "url", "price": "decimal",
    "currency": "str", "in_stock": "bool", "sku": "str", "brand": "str", "rating": "float",
    "review_count": "int",
}  # fmt: skip
KINDS = ("json_ld", "opengraph", "microdata")
_NAME = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]*")
_FEEDS = ("application/rss+xml", "application/atom+xml")
_FURNITURE = ("nav", "header", "footer", "aside")
#: Classes of the same, where a site marks it up with lists.
_FURNITURE_CLASSES = frozenset(
    ("nav", "navbar", "menu", "header", "footer", "sidebar", "breadcrumb", "breadcrumbs", "pager",
     "pagination")
)  # fmt: skip
#: Links that look alike, from which on they are a list.
_REPEATED = 4
_MOST_GROUPS = 3
_MOST_SEEN = 5_000
_MOST_TAGS = 3


class LinkGroup(msgspec.Struct, frozen=True):
    """Links that look alike.

    Attributes:
        css: Selects them.
        count: How many different ones there are.
        sample: One of them, absolute.
    """

    css: str
    count: int
    sample: str


class PageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        title: Of the page; "" without one.
        links: Different links to the page's own host.
        elsewhere: Different links to other hosts.
        types: What its JSON-LD is about, as written there.
        fields: Fields of `FIELDS` that its structured data has, to a sample of their text.
        kinds: Kinds of structured data that any of them come from, in the order of `KINDS`.
        feeds: RSS and Atom feeds that it names, absolute.
        groups: Links that look alike, the largest group first.
        following: Selector of the link to the next page of a list; "" when there is none.
    """

    title: str = ""
    links: int = 0
    elsewhere: int = 0
    types: tuple[str, ...] = ()
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    groups: tuple[LinkGroup, ...] = ()
    following: str = ""


def survey_page(queued: QueuedRequest, http: HttpResponse, document: Document) -> PageFacts:
    """Look at an HTML page."""
    view = PageView(queued, http, document)
    page = document.page
    urls = links_of(page.hrefs, http.url, document.base, codec=document.charset.codec).urls
    here = host_key(http.url)
    own = sum(host_key(url) == here for url in urls)
    fields, kinds = _structured(view)
    return PageFacts(
        title=page.title or "", links=own, elsewhere=len(urls) - own,
        types=tuple(_types(view)), fields=fields, kinds=kinds,
        feeds=tuple(_feeds(document)), groups=tuple(_groups(document, here)),
        following=_following(document.tree),
    )  # fmt: skip


def _structured(view: PageView) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return fields that structured data gives, and which kinds of it give any."""
    fields: dict[str, str] = {}
    kinds: dict[str, None] = {}
    for kind in KINDS:
        for name in FIELDS:
            (find,) = lookups(name, (kind,))
            values = [one for one in find(view) if isinstance(one, str | int | float)]
            if values:
                kinds[kind] = None
                fields.setdefault(name, str(values[0]))
    return {name: fields[name] for name in FIELDS if name in fields}, tuple(kinds)


def _types(view: PageView) -> Iterator[str]:
    """Yield the `@type`s that stand at the top of the page's JSON-LD, each once."""
    from crawler.extract.json_ld import read_json_ld

    found, _ = read_json_ld(view.tree)
    seen: dict[str, None] = {}
    for entity in _entities(found):
        kinds = entity.get("@type")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if isinstance(kind, str):
                seen[kind] = None
    yield from list(seen)[:10]


def _entities(found: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield top-level entities: scripts hold one, a list of them, or a graph."""
    for one in found:
        for entity in one if isinstance(one, list) else [one]:
            if isinstance(entity, dict):
                graph = entity.get("@graph")
                members = graph if isinstance(graph, list) else [entity]
                yield from (member for member in members if isinstance(member, dict))


def _feeds(document: Document) -> Iterator[str]:
    for link in document.tree.iter("link"):
        kind = (link.get("type") or "").strip().lower()
        if kind in _FEEDS and "alternate" in (link.get("rel") or "").lower().split():
            url = join(document.base, link.get("href") or "")
            if url is not None:
                yield url


def _groups(document: Document, here: str) -> list[LinkGroup]:
    """Return links of the page's own host that look alike, outside of menus and footers."""
    found: dict[str, dict[str, None]] = {}
    for number, link in enumerate(document.tree.iter("a")):
        if number >= _MOST_SEEN:
            break
        url = join(document.base, link.get("href") or "#")
        if url is None or host_key(url) != here:
            continue
        css = _selector(link)
        if css:
            found.setdefault(css, {})[url] = None
    groups = [LinkGroup(css, len(urls), next(iter(urls))) for css, urls in found.items()]
    groups = [group for group in groups if group.count >= _REPEATED]
    return sorted(groups, key=lambda group: -group.count)[:_MOST_GROUPS]


def _selector(link: etree._Element) -> str:
    """Return a selector by the nearest element with a class; "" for a link of a menu."""
    tags = [_plain(link)]
    near = "." in tags[0]
    for above in link.iterancestors():
        tag = _plain(above)
        if above.tag in _FURNITURE or not _FURNITURE_CLASSES.isdisjoint(_words(above, "class")):
            return ""
        if near or not tag or above.tag in ("body", "html"):
            continue
        near = "." in tag
        if near or len(tags) < _MOST_TAGS:
            tags.append(tag)
    return " ".join(reversed(tags)) if near else ""


def _plain(element: etree._Element) -> str:
    """Return tag and first class as a selector; "" for names that would need escapes."""
    tag = str(element.tag)
    if not _NAME.fullmatch(tag):
        return ""
    name = next(iter((element.get("class") or "").split()), "")
    return f"{tag}.{name}" if _NAME.fullmatch(name) else tag


def _following(tree: etree._Element) -> str:
    """Return a selector of the link to the next page of a list, as most sites mark it."""
    for link in tree.iter("a"):
        if "next" in _words(link, "rel"):
            return "a[rel~=next]"
        if "next" in _words(link, "class"):
            return "a.next"
        above = link.getparent()
        if above is not None and "next" in _words(above, "class") and _plain(above):
            return f"{above.tag}.next a"
    return ""


def _words(element: etree._Element, attribute: str) -> list[str]:
    return (element.get(attribute) or "").lower().split()
