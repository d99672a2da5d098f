"""What a month of the practice shop should be told of, from its dates alone.

No code is shared with the crawler, and nothing that it wrote is looked at. Where pages are not
asked for every night, the server's own list of what it was asked for says what could be known.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from crawler.practice.catalogue import Book, make_books
from crawler.practice.markup import stars
from crawler.practice.shop import REVIEWS_PER_PAGE
from crawler.practice.timeline import REDESIGN, book_on
from scripts.soak.month_site import (
    ALL_ERRORS,
    DOWN,
    DOWN_CATEGORY,
    MENDED,
    PARTLY_DOWN,
    PRODUCT_ERRORS,
    REFUSED,
    SEED,
    day_of,
    folder_of,
)

#: Runs on which an item must be missing to be gone.
AFTER_MISSES = 3
#: What the redesign hides from rules that are made for the markup before it.
HIDDEN = ("price", "in_stock", "stock", "rating")
#: Exit codes that a night may end with; any other night ends with 0.
EXITS = {REFUSED: (4,), DOWN: (4,), ALL_ERRORS: (3, 6), PRODUCT_ERRORS: (3, 6), 20: (3,)}
#: Nights on which nothing can be learnt.
BLIND = (REFUSED, DOWN, ALL_ERRORS, PRODUCT_ERRORS)

_BOOKS = make_books(SEED)

Fields = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """An event, without when and by which run.

    Attributes:
        kind: new, changed, gone, back or moved.
        item: Name of the item.
        key: Of the item.
        url: Path of the page it is on, or was on at last.
        old: Of a change, the fields that differ, as they were; else empty.
        new: The same as they are.
    """

    kind: str
    item: str
    key: str
    url: str
    old: str = ""
    new: str = ""


@dataclass(slots=True)
class _Known:
    fields: Fields
    path: str
    live: bool = True
    misses: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    fields: Fields
    path: str
    number: int


@dataclass(slots=True)
class Truth:
    """What is known, night by night.

    Attributes:
        origin: Of the site; keys of reviews are URLs.
    """

    origin: str
    _known: dict[Key, _Known] = field(default_factory=dict)

    def night(self, night: int, asked: Collection[str] | None = None) -> list[Told]:
        """Go on by a night; return what it should tell.

        Args:
            night: Which, one after the other.
            asked: Paths that the server was asked for; None if all pages were.
        """
        if night in BLIND:
            return []
        there = _shop(night, self.origin)
        told: list[Told] = []
        for key, seen in there.items():
            if _visible(seen, night) and (asked is None or seen.path in asked):
                told += self._meet(key, seen, night)
        for key, known in self._known.items():
            if night == PARTLY_DOWN:
                break  # of a host that fails in part, nothing is missed
            at_another = key in there and there[key].path != known.path
            if (key not in there or at_another) and (asked is None or known.path in asked):
                told += self._miss(key, known)
        return told

    @property
    def live(self) -> int:
        """How many items are there, as far as is known."""
        return sum(known.live for known in self._known.values())

    def _meet(self, key: Key, seen: _Seen, night: int) -> list[Told]:
        known = self._known.get(key)
        self._known[key] = _Known(seen.fields, seen.path)
        item, text = key
        if known is None:
            return [Told("new", item, text, seen.path)]
        if not known.live:
            return [Told("back", item, text, seen.path)]
        told = []
        if known.path != seen.path:
            told.append(Told("moved", item, text, seen.path))
        drift = HIDDEN if night in (20, MENDED) else ()
        names = [
            name
            for name in seen.fields
            if name not in drift and known.fields[name] != seen.fields[name]
        ]
        if names:
            old, new = shown(known.fields, names), shown(seen.fields, names)
            told.append(Told("changed", item, text, seen.path, old, new))
        return told

    def _miss(self, key: Key, known: _Known) -> list[Told]:
        known.misses += 1
        if not known.live or known.misses < AFTER_MISSES:
            return []
        known.live = False
        return [Told("gone", *key, known.path)]


def shown(fields: Fields, names: Collection[str]) -> str:
    """Return some fields as text by which two sides can be compared."""
    return ", ".join(f"{name}={_plain(fields[name])}" for name in sorted(names))


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    try:
        return f"{float(value):g}"
    except ValueError:
        return str(value)


def _visible(seen: _Seen, night: int) -> bool:
    """Tell whether a page answers with what it has, not with an error."""
    is_book = seen.path.count("/") == 3
    down = _BOOKS[seen.number - 1].category == DOWN_CATEGORY
    return not (night == PARTLY_DOWN and is_book and down)


def _shop(night: int, origin: str) -> dict[Key, _Seen]:
    """Return everything that is in the shop on a night, whether it can be had or not."""
    found: dict[Key, _Seen] = {}
    for one in _BOOKS:
        book = book_on(one, day_of(night))
        if book is None:
            continue
        folder = folder_of(book, night)
        path = f"{folder}index.html"
        found["Book", book.upc] = _Seen(_book_fields(book, night), path, book.number)
        for place in range(book.reviews):
            page, on_page = divmod(place, REVIEWS_PER_PAGE)
            name = "index" if not page else f"page-{page + 1}"
            where = f"{folder}reviews/{name}.html"
            key = origin + where + (f"#{on_page + 1}" if on_page else "")
            found["Review", key] = _Seen({}, where, book.number)
    return found


def _book_fields(book: Book, night: int) -> Fields:
    fields = {
        "upc": book.upc,
        "title": book.title,
        "price": float(book.amount),
        "in_stock": book.stock > 0,
        "stock": book.stock or None,
        "rating": stars(book.rating),
    }
    if day_of(night) >= REDESIGN and night < MENDED:
        fields |= dict.fromkeys(HIDDEN)
    return fields
