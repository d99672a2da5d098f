"""What a page says it is about, in the vocabulary of schema.org.

JSON-LD and microdata both give entities: dicts with an `@type` and properties. A page names many
(the shop, its search box, the breadcrumbs, related products); what a rule wants is the one that the
page is about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

Entity = dict[str, Any]

#: Entities of one page that are looked at, and values of a property; a page about one thing has
#: far fewer.
MAX_ENTITIES = 2_000
_MAX_DEPTH = 16
# Entities that speak of one thing; each is asked for what the others do not say.
_MAX_PARTS = 20
#: Where entities stand that are no mere property of the one around them.
_NESTING = ("@graph", "mainEntity", "mainEntityOfPage")

_CONTENT = frozenset(
    (
        "Product", "ProductGroup", "ProductModel", "IndividualProduct", "SomeProducts", "Vehicle",
        "Car", "Book", "Movie", "TVSeries", "Recipe", "Course", "Dataset", "Report", "Review",
        "SoftwareApplication", "MobileApplication", "WebApplication", "Article", "CreativeWork",
        "MusicAlbum", "MusicRecording", "VideoObject", "Event", "Hotel", "Restaurant",
        "LocalBusiness", "Apartment", "House", "RealEstateListing", "Accommodation", "Question",
    )
)  # fmt: skip
_CONTENT_ENDINGS = ("Article", "Posting", "Event")
# They are on nearly every page, and seldom what it is about.
_AROUND = frozenset(
    (
        "Organization", "NewsMediaOrganization", "Corporation", "OnlineStore", "Store", "Person",
        "Offer", "AggregateOffer", "ItemList", "Brand",
    )
)  # fmt: skip
# No page is about these.
_FURNITURE = frozenset(
    (
        "WebSite", "BreadcrumbList", "ListItem", "ImageObject", "SiteNavigationElement",
        "WPHeader", "WPFooter", "WPSideBar", "AggregateRating", "Rating", "PostalAddress",
        "ContactPoint", "EntryPoint",
    )
)  # fmt: skip
_LIKELY, _UNKNOWN, _SOME_PAGE, _UNLIKELY, _NEVER = range(5)


class MainEntity:
    """The entity a page is about, with what other entities say of the same thing.

    Args:
        roots: Entities and lists of them, as they stand on the page.
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        found = list(_entities(roots))
        self._by_id: dict[str, list[Entity]] = {}
        for one in found:
            name = one.get("@id")
            if isinstance(name, str) and len(self._by_id.setdefault(name, [])) < _MAX_PARTS:
                self._by_id[name].append(one)
        # `min` keeps the first of equals, and pages name their own thing before related ones.
        best = min(found, key=_rank, default=None)
        self._best = None if best is None or _rank(best) == _NEVER else best

    def values(self, path: Sequence[str]) -> list[Any]:
        """Return what stands at a path of properties, lists flattened; empty for nothing.

        Entities at its end are given as the text that stands for them (`@value`, else `name`);
        those without such a text are left out.
        """
        level: list[Any] = [] if self._best is None else [self._best]
        for place, name in enumerate(path):
            last = place == len(path) - 1
            steps = (self._step(one, name, last=last) for one in level)
            # Entities may name one that names them: with every step there would be many times more.
            level = list(islice(_flat(steps), MAX_ENTITIES))
        return [text for text in map(self._text, level) if text not in (None, "")]

    def _step(self, thing: Any, name: str, *, last: bool) -> Any:
        if isinstance(thing, dict):
            for part in (thing, *self._others(thing)):
                if name in part:
                    return part[name]
            return None
        # "author": "Ann" is as good as "author": {"name": "Ann"}, and so is the URL of an image.
        return thing if last and name in ("name", "url") and isinstance(thing, str) else None

    def _text(self, thing: Any) -> Any:
        if not isinstance(thing, dict):
            return thing if isinstance(thing, str | int | float) else None
        for name in ("@value", "name"):
            value = self._step(thing, name, last=False)
            if isinstance(value, str | int | float):
                return value
        return None

    def _others(self, entity: Entity) -> list[Entity]:
        """Return what is said of the same thing elsewhere, by its `@id`."""
        name = entity.get("@id")
        if not isinstance(name, str):
            return []
        return [one for one in self._by_id.get(name, ()) if one is not entity]


def _entities(roots: Sequence[Any]) -> Iterator[Entity]:
    """Yield entities breadth first: those of the page itself before those inside of others."""
    queue: deque[tuple[Any, int]] = deque((root, 0) for root in roots)
    seen = 0
    while queue and seen < MAX_ENTITIES:
        thing, depth = queue.popleft()
        if isinstance(thing, list):
            children = thing
        elif isinstance(thing, dict):
            seen += 1
            if "@type" in thing:
                yield thing
            children = [thing[key] for key in _NESTING if key in thing]
            # What has a name may be referred to by it, from anywhere on the page.
            children += [v for k, v in thing.items() if k not in _NESTING and _is_named(v)]
        else:
            continue
        if depth < _MAX_DEPTH:
            queue.extend((child, depth + 1) for child in children[:MAX_ENTITIES])


def _is_named(thing: Any) -> bool:
    return isinstance(thing, dict) and "@id" in thing and len(thing) > 1


def _rank(entity: Entity) -> int:
    types = entity.get("@type")
    ranks = [_rank_of(one) for one in (types if isinstance(types, list) else [types])]
    return min(ranks, default=_UNKNOWN)


def _rank_of(kind: object) -> int:
    """Say how likely a page is about such a thing; the lowest is the likeliest."""
    if not isinstance(kind, str):
        return _NEVER
    name = kind.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    if name in _CONTENT or name.endswith(_CONTENT_ENDINGS):
        return _LIKELY
    if name in _FURNITURE or name.endswith("Action"):
        return _NEVER
    if name in _AROUND:
        return _UNLIKELY
    return _SOME_PAGE if name.endswith("Page") else _UNKNOWN


def _flat(things: Iterator[Any]) -> Iterator[Any]:
    """Yield the members of lists, one level of them opened, and what is no list."""
    for thing in things:
        if isinstance(thing, list):
            yield from thing
        elif thing is not None:
            yield thing
