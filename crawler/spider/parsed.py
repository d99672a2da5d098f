"""What one page gave, before it is committed."""

from __future__ import annotations

import msgspec

from crawler.messages import NewRequest
from crawler.outcome import ItemRecord, LinkBatch, Quarantined, RuleHit


class Parsed(msgspec.Struct):
    """What reading one page gave; all of it is committed, or nothing.

    Attributes:
        links: Plain links in scope.
        requests: Requests of the callback, and links beyond the depth limit, as skipped.
        items: In the order in which they were given.
        quarantined: Items that break their schema.
        hits: What each rule that applies to the page found on it.
        offsite: Links out of scope: host, or scheme with its colon, to (count, sample).
        nofollow: Links left out because the page or the link said nofollow.
        flags: What was odd but no error.
        close_reason: Set when the callback raised CloseSpider; what it gave before still counts.
        notes: Lines for the log about what is no failure, but should not pass in silence.
        source_files: Further lists of URLs (sitemaps, feeds) that a list led to.
        by_others: What it gave depends on what other lists gave before it in this run.
        unreadable: Set when a list of URLs is none; why.
        ignored: Set when the callback raised IgnoreRequest; nothing it gave counts.
    """

    links: list[LinkBatch] = msgspec.field(default_factory=list)
    requests: list[NewRequest] = msgspec.field(default_factory=list)
    items: list[ItemRecord] = msgspec.field(default_factory=list)
    quarantined: list[Quarantined] = msgspec.field(default_factory=list)
    hits: list[RuleHit] = msgspec.field(default_factory=list)
    offsite: dict[str, tuple[int, str]] = msgspec.field(default_factory=dict)
    nofollow: int = 0
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source_files: int = 0
    by_others: bool = False
    unreadable: str | None = None
    close_reason: str | None = None
    ignored: str | None = None

    @property
    def is_whole(self) -> bool:
        """The page was read to its end, and everything it gave counts and is all of its own."""
        ended = self.unreadable is None and self.ignored is None and self.close_reason is None
        return ended and not self.by_others

    def note(self, flags: tuple[str, ...]) -> None:
        """Add what was odd, each word once."""
        self.flags = tuple(dict.fromkeys(self.flags + flags)) if self.flags else flags

    def add(self, item: ItemRecord | Quarantined) -> None:
        """Add an item, or one that breaks its schema."""
        if isinstance(item, ItemRecord):
            self.items.append(item)
        else:
            self.quarantined.append(item)
