"""The stock of the practice shop: books made up from a seed, the same ones every time."""

from __future__ import annotations

import datetime
import random

import msgspec

CATEGORIES = (
    "Travel", "Mystery", "Science", "Poetry", "History", "Cooking", "Nature", "Music",
)  # fmt: skip
BOOKS = 200
#: Books that come later, one by one (`crawler.practice.timeline`).
LATER_BOOKS = 60

#: The day on which the shop is as it was made.
EPOCH = datetime.date(2026, 1, 1)

#: Name and RGB of what a cover may be bound in.
COLOURS = (
    ("red", (178, 34, 52)), ("green", (46, 125, 80)), ("blue", (40, 82, 160)),
    ("yellow", (226, 178, 40)), ("grey", (120, 124, 130)), ("violet", (112, 66, 150)),
)  # fmt: skip

_FIRST = (
    "The Quiet", "A Northern", "The Last", "Beyond the", "An Unlikely", "The Glass",
    "Seven Days of", "The Paper", "Under a Borrowed", "The Clockmaker's", "Letters from the",
    "A Short History of the", "Notes on a", "The Other", "Before the", "The Salt & the",
    "Nobody's", "An Atlas of the", "The Patient", "Half a",
)  # fmt: skip
_SECOND = (
    "Harbour", "Orchard", "Lighthouse", "Cartographer", "Winter", "Signal", "Archive", "Ferry",
    "Meridian", "Garden", "Café", "Tide", "Compass", "Monsoon", "Bridge", "Almanac", "Kitchen",
    "Observatory", "Nightingale", "Railway",
)  # fmt: skip
_SENTENCES = (
    "Nobody in the village remembers who wound the clock first.",
    "It begins with a map that shows one street too many.",
    "Three travellers share a compartment and not a single word.",
    "What the tide brings back is never quite what it took.",
    "A short book about patience, and about ferries that do not come.",
    "The instruments agree with one another, and all of them are wrong.",
)
_KINDS = ("gif", "jpg", "png", "webp", "svg", "jpg", "png", "webp")


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """One product as it is on one day.

    Attributes:
        number: Its place in the catalogue, from 1.
        upc: Sixteen hexadecimal digits, unique.
        pence: Price in pence.
        stock: Copies left; 0 is out of stock.
        rating: Stars, 1 to 5.
        added: Day on which it came into the shop.
        modified: Day of its last change.
    """

    number: int
    upc: str
    title: str
    category: str
    pence: int
    stock: int
    rating: int
    text: str
    added: datetime.date
    modified: datetime.date

    @property
    def price(self) -> str:
        """The price as shown, `£12.34`."""
        return f"£{self.amount}"

    @property
    def amount(self) -> str:
        """The price as a decimal number, `12.34`."""
        return f"{self.pence // 100}.{self.pence % 100:02d}"

    @property
    def folder(self) -> str:
        """Path of its folder, with a slash at the end."""
        words = "".join(c if c.isascii() and c.isalnum() else " " for c in self.title.lower())
        return f"/catalogue/{'-'.join(words.split())}_{self.number}/"

    @property
    def path(self) -> str:
        """Path of its page."""
        return f"{self.folder}index.html"

    @property
    def image(self) -> str:
        """Path of the picture of its cover."""
        return f"/images/covers/{self.number:03d}.{_KINDS[self.number % len(_KINDS)]}"

    @property
    def colour(self) -> str:
        """What the cover is bound in, one of `COLOURS`."""
        return COLOURS[self.number % len(COLOURS)][0]

    @property
    def reviews(self) -> int:
        """How many reviews it has; one book in five has any."""
        if self.number > BOOKS or self.number % 5 != 2:
            return 0
        return 2 + self.number // 5 % 6

    def item(self, origin: str) -> dict[str, str | int | bool]:
        """Return what a crawl should find on its page.

        Args:
            origin: Of the site, such as `http://127.0.0.1:8080`.
        """
        return {
            "upc": self.upc, "title": self.title, "price": self.amount,
            "in_stock": self.stock > 0, "stock": self.stock, "rating": self.rating,
            "image_url": origin + self.image, "added": self.added.isoformat(),
            "category": self.category, "url": origin + self.path,
        }  # fmt: skip


def make_books(seed: int) -> tuple[Book, ...]:
    """Return all books there will ever be, categories mixed, in the catalogue's order.

    The first `BOOKS` are there at the epoch; the others are dated when they come.
    """
    dice = random.Random(seed)
    count = BOOKS + LATER_BOOKS
    titles = dice.sample([f"{first} {second}" for first in _FIRST for second in _SECOND], count)
    return tuple(_make_book(dice, number, title) for number, title in enumerate(titles, 1))


def _make_book(dice: random.Random, number: int, title: str) -> Book:
    # Never on the epoch itself: its reviews are older than it.
    added = EPOCH - datetime.timedelta(days=dice.randrange(30, 730))
    return Book(
        number=number,
        upc=f"{dice.getrandbits(64):016x}",
        title=title,
        category=CATEGORIES[number % len(CATEGORIES)],
        pence=dice.randrange(499, 5999),
        stock=max(0, dice.randrange(-1, 23)),
        rating=dice.randrange(1, 6),
        text=" ".join(dice.sample(_SENTENCES, 3)),
        added=added,
        modified=added,
    )
