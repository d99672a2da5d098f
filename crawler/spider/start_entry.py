"""What stands in a list of URLs that a crawl begins with."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import msgspec


class StartEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One URL of a list.

    Attributes:
        url: As it stands there, white space at its ends removed.
        place: Where that is, for messages: `urls.csv:12`, `start.sitemap.0`.
        source: What is there is itself a list of URLs: a sitemap, a feed, a robots.txt.
        kept: Columns that its items are to carry, by name.
    """

    url: str
    place: str
    source: bool = False
    kept: dict[str, str] = msgspec.field(default_factory=dict)


class BadStart(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that nothing can be fetched for.

    Attributes:
        place: As in `StartEntry`.
        why: What is wrong with it, with what stands there.
        url: What stands in the place of its URL, None for nothing.
        kept: As in `StartEntry`.
    """

    place: str
    why: str
    url: str | None = None
    kept: dict[str, str] = msgspec.field(default_factory=dict)


class ListsRead(msgspec.Struct, frozen=True):
    """What follows the last entry of a job's lists, before what its spider begins with."""


#: Gives the entries; a resume calls it again and gets them again, from the first.
StartEntries = Callable[[], AsyncGenerator[StartEntry | BadStart, None]]
