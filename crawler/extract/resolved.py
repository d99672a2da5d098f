"""What `href`s lead to, remembered by the place they stand in.

On most sites nearly every link of a page stands on its neighbours too, written the same way: what
`../index.html` means depends on the folder of the page alone, what `/index.html` means on its site.
Looking that up takes a tenth of the time of joining the URLs again.
"""

from __future__ import annotations

from collections.abc import Iterable

from crawler.urls import Resolver, origin

#: Meanings that are kept, about; each takes some 300 bytes.
MOST = 1 << 15
#: Meanings that a place takes the room of, even an empty one: many a page has a folder of its own.
_PLACE = 4


class _Place(dict[str, str | None]):
    """A folder or a site: `href`s that stood there, and where they lead."""

    __slots__ = ("resolver",)

    #: Of the page that is read.
    resolver: Resolver

    def __missing__(self, href: str) -> str | None:
        url = self.resolver.resolve(href)
        if not _may_mean_the_page(href):
            self[href] = url
        return url


class ResolvedHrefs:
    """Resolves the links of one page after the other.

    Args:
        most: Meanings that are kept, about: beyond, all are forgotten.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept = 0
        self._places: dict[tuple[str, str], _Place] = {}

    def urls(self, hrefs: Iterable[str], base: str, encoding: str) -> list[str | None]:
        """Return what `Resolver(base, encoding).resolve` returns for each.

        Args:
            hrefs: As they stand in the page, none of them empty; a lone "#" is the base itself.
            base: The document's base URL, absolute http or https.
            encoding: The document's encoding, a name Python knows.

        Raises:
            UrlError: The base is no http or https URL.
        """
        if self._kept > self._most:
            self._places.clear()
            self._kept = 0
        resolver = Resolver(base, encoding)
        site = self._place(origin(resolver.base), resolver, encoding)
        folder = self._place(_folder(resolver.base), resolver, encoding)
        known = len(site) + len(folder)
        urls = [
            site[href]
            if (first := href[0]) == "/"
            # A query or "#" alone means the page itself; so may what begins with white space.
            else (folder[href] if first > " " and first not in "?#" else resolver.resolve(href))
            for href in hrefs
        ]
        self._kept += len(site) + len(folder) - known
        return urls

    def _place(self, name: str, resolver: Resolver, encoding: str) -> _Place:
        place = self._places.get((name, encoding))
        if place is None:
            place = self._places[name, encoding] = _Place()
            self._kept += _PLACE
        place.resolver = resolver
        return place


def _may_mean_the_page(href: str) -> bool:
    """Tell whether it may be relative with a scheme: `http:?a=b` is `?a=b` (WHATWG URL §4.4)."""
    colon = href.find(":")
    return colon > 0 and href[0] in "hH" and href[colon + 1 : colon + 2] not in ("/", "\\")


def _folder(url: str) -> str:
    path = url.partition("?")[0]
    return path[: path.rindex("/") + 1]
