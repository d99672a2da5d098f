"""What is found in a list of URLs: its entries, and what was wrong with it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

#: Entries taken from one list: twice what sitemaps.org allows, so that a little more is no error.
MAX_ENTRIES = 100_000


class ListedUrl(NamedTuple):
    """One entry.

    Attributes:
        href: The URL as it stands there, perhaps relative, perhaps with white space around it.
        is_list: It leads to another list.
        latest: The last wall-clock second that its date can mean; None without a usable date, and
            when dates were not asked for.
        news: That is when an article was published.
    """

    href: str
    is_list: bool = False
    latest: int | None = None
    news: bool = False


class Listing(msgspec.Struct):
    """What a list holds.

    Attributes:
        entries: In the order of the list.
        base: What relative URLs in it are relative to; "" for the list's own URL.
        without_url: Entries that name no URL.
        defects: What was wrong with it although something could be read, in words.
        unreadable: Why it is no list at all; None when it is one.
    """

    entries: list[ListedUrl] = msgspec.field(default_factory=list)
    base: str = ""
    without_url: int = 0
    defects: list[str] = msgspec.field(default_factory=list)
    unreadable: str | None = None

    @property
    def full(self) -> bool:
        """No more entries are taken, be it that they name no URL."""
        return len(self.entries) + self.without_url >= MAX_ENTRIES
