"""The links of a page as URLs that can be crawled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from crawler.extract.html_page import HtmlPage
from crawler.urls import Resolver, UrlError, join

#: Links taken from one page unless the caller says otherwise; the rest are flagged, not followed.
MAX_LINKS = 20_000

_FRAGMENT_SAFE = "!$%&'()*+,;=:@/?~-._"


class Links(NamedTuple):
    """What `links_of` found.

    Attributes:
        urls: Serialised by `crawler.urls`, without fragment, each once, in page order.
        nofollow: Distinct `href`s left out for their `rel=nofollow`.
        capped: True when there were more links than allowed.
    """

    urls: list[str]
    nofollow: int = 0
    capped: bool = False


def base_of(page: HtmlPage, url: str) -> str:
    """Return the base URL of a page: its first valid http(s) `base`, else its own URL."""
    for href in page.bases:
        base = join(url, href)
        if base is not None:
            return base
    return url


def links_of(
    links: Iterable[tuple[str, str | None]],
    url: str,
    base: str,
    *,
    codec: str = "utf-8",
    limit: int = MAX_LINKS,
    obey_nofollow: bool = False,
) -> Links:
    """Return the http(s) links of a page.

    Args:
        links: `href` and `rel` of each, in page order.
        url: Where the page was found.
        base: What its links are relative to.
        codec: Its encoding by its Python name; the query of a link is written in it.
        limit: Most links to return.
        obey_nofollow: Leave out links whose every occurrence says `rel=nofollow`.
    """
    # Where base and page are the same, "#part" leads to the page itself, which is known already.
    itself = "" if base == url else "#"
    hrefs, nofollow = _distinct(links, itself, obey_nofollow=obey_nofollow)
    try:
        resolve = _resolver(base, codec).resolve
    except UrlError:
        return Links([])
    found: dict[str, None] = {}
    for href in hrefs:
        link = resolve(href)
        if link is not None:
            if len(found) >= limit and link not in found:
                return Links(list(found), nofollow, capped=True)
            found[link] = None
    return Links(list(found), nofollow)


def _distinct(
    links: Iterable[tuple[str, str | None]], itself: str, *, obey_nofollow: bool
) -> tuple[dict[str, None], int]:
    """Return every `href` once, in page order, without its fragment, and the number left out."""
    hrefs: dict[str, None] = {}
    shunned: set[str] = set()
    for href, rel in links:
        if "#" in href:
            href = href[: href.index("#")] or itself
        if not href:
            continue
        if rel and obey_nofollow and "nofollow" in rel.lower().split():
            shunned.add(href)
        else:
            hrefs[href] = None
    return hrefs, len(shunned.difference(hrefs))


def _resolver(base: str, codec: str) -> Resolver:
    return Resolver(base, codec if _can_encode(codec) else "utf-8")


def _can_encode(codec: str) -> bool:
    # The standard writes queries of UTF-16 pages, and of unreadable ones, in UTF-8.
    return not codec.startswith("utf-16") and codec != "replacement"


def absolute_url(base: str, href: str, codec: str = "utf-8") -> str:
    """Return what `href` means at `base`, for people: any scheme, fragment kept."""
    from urllib.parse import quote, urljoin

    try:
        joined = _resolver(base, codec).resolve(href)
    except UrlError:
        joined = None
    if joined is None:
        try:
            return urljoin(base, href.strip())
        except ValueError:
            return href
    fragment = href.strip().partition("#")[2]
    return f"{joined}#{quote(fragment, safe=_FRAGMENT_SAFE)}" if fragment else joined
