"""The stock of the practice shop: books made up from a seed, the same ones every time."""

from __future__ import annotations

import random

import msgspec

CATEGORIES = ("Travel", "Mystery", "Science", "Poetry")
BOOKS_PER_CATEGORY = 12

_FIRST = (
    "The Quiet", "A Northern", "The Last", "Beyond the", "An Unlikely", "The Glass",
    "Seven Days of", "The Paper", "Under a Borrowed", "The Clockmaker's", "Letters from the",
    "A Short History of the",
)  # fmt: skip
_SECOND = (
    "Harbour", "Orchard", "Lighthouse", "Cartographer", "Winter", "Signal", "Archive", "Ferry",
    "Meridian", "Garden", "Café", "Tide",
)  # fmt: skip
_SENTENCES = (
    "Nobody in the village remembers who wound the clock first.",
    "It begins with a map that shows one street too many.",
    "Three travellers share a compartment and not a single word.",
    "What the tide brings back is never quite what it took.",
    "A short book about patience, and about ferries that do not come.",
    "The instruments agree with one another, and all of them are wrong.",
)


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """One product.

    Attributes:
        number: Its place in the catalogue, from 1.
        upc: Sixteen hexadecimal digits, unique.
        pence: Price in pence.
        stock: Copies left.
        rating: Stars, 1 to 5.
    """

    number: int
    upc: str
    title: str
    category: str
    pence: int
    stock: int
    rating: int
    text: str

    @property
    def price(self) -> str:
        """The price as shown, `£12.34`."""
        return f"£{self.pence // 100}.{self.pence % 100:02d}"

    @property
    def path(self) -> str:
        """Path of its page."""
        words = "".join(c if c.isascii() and c.isalnum() else " " for c in self.title.lower())
        return f"/catalogue/{'-'.join(words.split())}_{self.number}/index.html"


def make_books(seed: int) -> tuple[Book, ...]:
    """Return the whole stock, categories mixed, in the catalogue's order."""
    dice = random.Random(seed)
    count = len(CATEGORIES) * BOOKS_PER_CATEGORY
    titles = dice.sample([f"{first} {second}" for first in _FIRST for second in _SECOND], count)
    return tuple(
        Book(
            number=number,
            upc=f"{dice.getrandbits(64):016x}",
            title=title,
            category=CATEGORIES[number % len(CATEGORIES)],
            pence=dice.randrange(499, 5999),
            stock=dice.randrange(1, 23),
            rating=dice.randrange(1, 6),
            text=" ".join(dice.sample(_SENTENCES, 3)),
        )
        for number, title in enumerate(titles, 1)
    )
