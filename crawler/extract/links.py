"""The links of a page as URLs that can be crawled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

from crawler.extract.resolved import ResolvedHrefs
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


class Outline(Protocol):
    """What is known of a page without its links."""

    @property
    def bases(self) -> list[str]:
        """`href` of every `base` element."""
        ...


def base_of(page: Outline, url: str) -> str:
    """Return the base URL of a page: its first valid http(s) `base`, else its own URL."""
    for href in page.bases:
        base = join(url, href)
        if base is not None:
            return base
    return url


def links_of(  # noqa: PLR0913 - each is a decision of the caller
    hrefs: Sequence[str],
    url: str,
    base: str,
    *,
    codec: str = "utf-8",
    limit: int = MAX_LINKS,
    nofollow: Sequence[str] = (),
    resolved: ResolvedHrefs | None = None,
) -> Links:
    """Return the http(s) links of a page.

    Args:
        hrefs: `href` of each, in page order.
        url: Where the page was found.
        base: What its links are relative to.
        codec: Its encoding by its Python name; the query of a link is written in it.
        limit: Most links to return.
        nofollow: Those of `hrefs` that are to be left out, unless another of the same is not.
        resolved: Remembers what the links of other pages led to.
    """
    # Where base and page are the same, "#part" leads to the page itself, which is known already.
    itself = "" if base == url else "#"
    shunned = _shunned(hrefs, nofollow, itself)
    whole = (h if "#" not in h else h[: h.index("#")] or itself for h in dict.fromkeys(hrefs))
    wanted = [href for href in dict.fromkeys(whole) if href and href not in shunned]
    try:
        urls = (resolved or ResolvedHrefs()).urls(wanted, base, _encoding(codec))
    except UrlError:
        return Links([])
    found = dict.fromkeys(urls)
    found.pop(None, None)
    links = cast(list[str], list(found))
    return Links(links[:limit], len(shunned), capped=len(links) > limit)


def _shunned(hrefs: Sequence[str], nofollow: Sequence[str], itself: str) -> set[str]:
    """Return the links, without fragments, every one of which says `rel=nofollow`."""
    said = Counter(_without_fragment(href, itself) for href in nofollow)
    if not said:
        return set()
    there = Counter(_without_fragment(href, itself) for href in hrefs)
    return {href for href, count in said.items() if href and count >= there[href]}


def _without_fragment(href: str, itself: str) -> str:
    return href[: href.index("#")] or itself if "#" in href else href


def _encoding(codec: str) -> str:
    return codec if _can_encode(codec) else "utf-8"


def _can_encode(codec: str) -> bool:
    # The standard writes queries of UTF-16 pages, and of unreadable ones, in UTF-8.
    return not codec.startswith("utf-16") and codec != "replacement"


def absolute_url(base: str, href: str, codec: str = "utf-8") -> str:
    """Return what `href` means at `base`, for people: any scheme, fragment kept."""
    from urllib.parse import quote, urljoin

    try:
        joined = Resolver(base, _encoding(codec)).resolve(href)
    except UrlError:
        joined = None
    if joined is None:
        try:
            return urljoin(base, href.strip())
        except ValueError:
            return href
    fragment = href.strip().partition("#")[2]
    return f"{joined}#{quote(fragment, safe=_FRAGMENT_SAFE)}" if fragment else joined
