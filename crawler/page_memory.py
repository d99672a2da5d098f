"""What past runs learnt of a page, and when it is to be visited again."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class PageMemory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is remembered of one page; a row of the store's `memory`.

    Times are wall-clock seconds. A digest is 16 bytes (xxh3-128).

    Attributes:
        etag: The ETag field of its last full answer, as it came; None for none.
        last_modified: The Last-Modified field, the same.
        body_hash: Digest of the decoded body, what is to be ignored left out.
        print: Digest of what the page gave: of the fields that count of its items, in order; of
            a page without items, of its links.
        simhash: Of its text; None unless the job compares texts.
        gain: What it gave, packed by `crawler.spider.gain`; None where it was not read from the
            store, and to leave the stored one as it is.
        rules: Digest of what the gain was made with: rules, scope, spider, the row's label.
        first_seen: When it was alive first.
        fetched: When it was visited last and alive; a 304 counts.
        changed: When it was found changed last.
        interval: Seconds between two visits; of a page that is gone, until it is looked for again.
        due: When it is to be visited next; None for never.
        visits: Visits since the last unconditional one.
        wrong_304: Times that a 304 proved wrong.
        misses: Runs in a row in which it was missing: 404, 410, or another address instead.
        gone_since: Since when so many were missing it that it counts as gone; None while not.
        lastmod: What the last list (sitemap, feed) said about its last change.
        kept: Digest of its body as it is kept; None where it is not.
        news: It is known from a news list, which leaves pages out after some time.
        run: Ordinal of the run that visited it last, or found it not due.
    """

    etag: str | None = None
    last_modified: str | None = None
    body_hash: bytes | None = None
    print: bytes | None = None
    simhash: int | None = None
    gain: bytes | None = None
    rules: bytes | None = None
    first_seen: float = 0.0
    fetched: float = 0.0
    changed: float = 0.0
    interval: float = 0.0
    due: float | None = None
    visits: int = 0
    wrong_304: int = 0
    misses: int = 0
    gone_since: float | None = None
    lastmod: float | None = None
    news: bool = False
    run: int = 0
    kept: bytes | None = None


class Visited(msgspec.Struct, frozen=True, gc=False):
    """When a page was visited, as far as its next visit depends on it; see `PageMemory`.

    Attributes:
        label: Of its request.
        payload: The callback and arguments of its request, encoded.
        misses: See `PageMemory.misses`.
    """

    first_seen: float
    fetched: float
    interval: float
    due: float | None
    rules: bytes | None = None
    lastmod: float | None = None
    kept: bool = False
    gone_since: float | None = None
    label: str | None = None
    payload: bytes | None = None
    misses: int = 0


#: Not due; and due, but not before a link was found that says what it is asked for with today.
NOT_DUE, BY_LINKS = -1, -2
#: Says by how many seconds a page is overdue, or one of these; None for one that is no part of the
#: run unless a page or a list leads to it: it is gone, or not wanted.
Overdue = Callable[[str, Visited], int | None]
