"""What one page gave, before it is committed."""

from __future__ import annotations

import msgspec

from crawler.messages import NewRequest
from crawler.outcome import ItemRecord, LinkBatch


class Parsed(msgspec.Struct):
    """What reading one page gave; all of it is committed, or nothing.

    Attributes:
        links: Plain links in scope.
        requests: Requests of the callback, and links beyond the depth limit, as skipped.
        items: In the order in which they were given.
        offsite: Links out of scope: host, or scheme with its colon, to (count, sample).
        nofollow: Links left out because the page or the link said nofollow.
        flags: What was odd but no error.
        close_reason: Set when the callback raised CloseSpider; what it gave before still counts.
        ignored: Set when the callback raised IgnoreRequest; nothing it gave counts.
    """

    links: list[LinkBatch] = msgspec.field(default_factory=list)
    requests: list[NewRequest] = msgspec.field(default_factory=list)
    items: list[ItemRecord] = msgspec.field(default_factory=list)
    offsite: dict[str, tuple[int, str]] = msgspec.field(default_factory=dict)
    nofollow: int = 0
    flags: tuple[str, ...] = ()
    close_reason: str | None = None
    ignored: str | None = None
