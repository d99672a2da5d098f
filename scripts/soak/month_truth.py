"""What a month of the practice shop should be told of, from its dates alone.

No code is shared with the crawler, and nothing that it wrote is looked at. Where pages are not
asked for every night, the server's own list of what it was asked for says what could be known. So
it does on the night on which a part of the shop is down: the crawler leaves a host alone that fails
again and again, perhaps before it has asked a second time for a page that is missing, and what was
not asked for twice is not missed.

Whether a night is believed follows from `docs/incremental.md`: of a redesign, or of error pages,
too few pages may be asked for to tell it from what happens to single books. Then it is told so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
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
_TWICE = 2
#: What the redesign hides from rules that are made for the markup before it.
HIDDEN = ("price", "in_stock", "stock", "rating")
#: Missed, or changed, items that are no mass of them in any case; shares above which they are.
_FEW_MISSED, _FEW_CHANGED = 10, 20
_MANY_MISSED, _MANY_CHANGED = 0.1, 0.5
#: Exit codes of a run.
_GOOD, _DRIFT, _NO_START, _INCREDIBLE = 0, 3, 4, 6

_BOOKS = make_books(SEED)
_DOWN_BOOKS = frozenset(book.path for book in _BOOKS if book.category == DOWN_CATEGORY)

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


@dataclass(frozen=True, slots=True)
class Expected:
    """What a night should come to.

    Attributes:
        told: Its events, in no order.
        exit: The exit code of its run.
    """

    told: list[Told]
    exit: int = _GOOD


@dataclass(slots=True)
class Truth:
    """What is known, night by night.

    Attributes:
        origin: Of the site; keys of reviews are URLs.
    """

    origin: str
    _known: dict[Key, _Known] = field(default_factory=dict)

    def night(
        self,
        night: int,
        asked: Collection[str] | None = None,
        absent: Mapping[str, int] | None = None,
    ) -> Expected:
        """Go on by a night; return what it should come to.

        Args:
            night: Which, one after the other.
            asked: Paths that the server was asked for; None if all pages were.
            absent: How often a process was told of a path that it is no more; None if of each of
                these twice.
        """
        if night in (REFUSED, DOWN):
            return Expected([], _NO_START)
        there = _shop(night, self.origin)
        seen = {
            key: one
            for key, one in there.items()
            if not _in_trouble(one.path, night) and (asked is None or one.path in asked)
        }
        missed = [
            key
            for key, known in self._known.items()
            if known.live
            and key not in seen
            and (asked is None or known.path in asked)
            and self._misses(key, there, night, absent)
        ]
        if self._too_many(missed):
            return Expected([], _INCREDIBLE)
        drift = self._drift(seen, night, asked)
        told = [event for key, one in seen.items() for event in self._meet(key, one, drift)]
        told += [event for key in missed for event in self._miss(key)]
        return Expected(told, _DRIFT if drift and night != MENDED else _GOOD)

    def _misses(
        self, key: Key, there: Mapping[Key, _Seen], night: int, absent: Mapping[str, int] | None
    ) -> bool:
        """Tell whether an item is not on its page any more, which was asked for."""
        path = self._known[key].path
        if night in (ALL_ERRORS, PRODUCT_ERRORS) and _in_trouble(path, night):
            return True  # the page says that all is well, and does not have it
        if key in there and there[key].path == path:
            return False
        return night != PARTLY_DOWN or absent is None or absent.get(path, 0) >= _TWICE

    def _too_many(self, missed: Collection[Key]) -> bool:
        """Tell whether more items are missed at once than can be believed."""
        before = Counter(self._known[key].misses for key in missed)
        at_once = max(before[0], before[AFTER_MISSES - 1])
        return at_once >= _FEW_MISSED and at_once > _MANY_MISSED * self.live

    def _drift(
        self, seen: Mapping[Key, _Seen], night: int, asked: Collection[str] | None
    ) -> frozenset[str]:
        """Return the fields in which so many books changed at once that it was not the books."""
        changed: Counter[str] = Counter()
        books = 0
        for key, one in seen.items():
            names = self._changed(key, one)
            books += bool(names)
            changed.update(names)
        visited = sum(
            known.live and (asked is None or known.path in asked) for known in self._known.values()
        )
        # Whoever changes the rules need not be told how much they changed.
        few = books < _FEW_CHANGED or books <= _MANY_CHANGED * visited
        if not books or (few and night != MENDED):
            return frozenset()
        return frozenset(name for name, count in changed.items() if count >= books / 2)

    def _changed(self, key: Key, seen: _Seen) -> list[str]:
        known = self._known.get(key)
        if known is None or not known.live:
            return []
        return [name for name in seen.fields if known.fields[name] != seen.fields[name]]

    @property
    def live(self) -> int:
        """How many items are there, as far as is known."""
        return sum(known.live for known in self._known.values())

    def _meet(self, key: Key, seen: _Seen, drift: frozenset[str]) -> list[Told]:
        known, names = self._known.get(key), self._changed(key, seen)
        self._known[key] = _Known(seen.fields, seen.path)
        item, text = key
        if known is None:
            return [Told("new", item, text, seen.path)]
        if not known.live:
            return [Told("back", item, text, seen.path)]
        told = []
        if known.path != seen.path:
            told.append(Told("moved", item, text, seen.path))
        names = [name for name in names if name not in drift]
        if names:
            old, new = shown(known.fields, names), shown(seen.fields, names)
            told.append(Told("changed", item, text, seen.path, old, new))
        return told

    def _miss(self, key: Key) -> list[Told]:
        known = self._known[key]
        known.misses += 1
        known.live = known.misses < AFTER_MISSES
        return [] if known.live else [Told("gone", *key, known.path)]


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


def _in_trouble(path: str, night: int) -> bool:
    """Tell whether a page answers with an error, or with an error page, instead of what it has."""
    if night == ALL_ERRORS:
        return True
    is_book = path.count("/") == 3
    return is_book and (night == PRODUCT_ERRORS or (night == PARTLY_DOWN and path in _DOWN_BOOKS))


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
