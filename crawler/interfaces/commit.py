"""A commit to the frontier store: what goes in as one transaction, and what it added."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crawler.interfaces.known import Double, ItemBatch
from crawler.messages import NewRequest, QueuedRequest, StoredCookie
from crawler.outcome import LinkBatch, Standing, State
from crawler.page_memory import PageMemory


class PageCommit(msgspec.Struct, kw_only=True, gc=False):
    """What one page changes in the frontier.

    Attributes:
        id: Its row; 0 for the pseudo-page that stands for the start of the crawl.
        key: Its fingerprint.
        state: PENDING with `not_before` is a retry.
        not_before: Wall-clock second of the next try.
        fetched: True when this fetch counts in the row's fetch number.
        depth: Depth of the page; its links go one deeper.
        size: Bytes of the answer on the wire.
        ms: Milliseconds it took.
        at: Wall-clock second at which it ended, None when that is not known.
        memory: What is remembered of it from now on; None to leave that as it is.
    """

    id: int
    key: int = 0
    state: State = State.DONE
    reason: str | None = None
    error: str | None = None
    status: int | None = None
    attempts: int = 0
    not_before: float | None = None
    fetched: bool = False
    depth: int = 0
    size: int = 0
    ms: int = 0
    at: float | None = None
    links: Sequence[LinkBatch] = ()
    requests: Sequence[NewRequest] = ()
    memory: PageMemory | None = None


class WaitingItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item in the outbox: its page is committed, its transforms are still to come.

    Attributes:
        row: Its place in the outbox, rising; 0 before it has one.
        item_id: The id it has in the outputs, but for what its transforms add.
        name: The item's kind.
        data: Its fields, encoded by `crawler.spider.plain_codec`.
        url: The page that gave it, None for `start()` itself; so are the next two that page's.
        standing: See `ItemRecord.standing`.
    """

    row: int = 0
    item_id: str
    name: str
    data: bytes
    url: str | None = None
    depth: int = 0
    parent_url: str | None = None
    standing: Standing | None = None


class Batch(msgspec.Struct, kw_only=True):
    """One transaction: everything in it happens, or nothing.

    Attributes:
        pages: In the order in which they ended.
        waiting: Items of these pages that go to the outbox.
        settled: Rows of the outbox whose items have reached their outputs, or quarantine.
        hosts: Host key to encoded politeness state.
        spider_state: Encoded `Spider.state`, None when unchanged.
        tally: Encoded counters of the run, None when unchanged.
        items: What changes in known items; only incremental jobs have them.
    """

    pages: list[PageCommit] = msgspec.field(default_factory=list)
    waiting: list[WaitingItem] = msgspec.field(default_factory=list)
    settled: list[int] = msgspec.field(default_factory=list)
    hosts: dict[str, bytes] = msgspec.field(default_factory=dict)
    cookies: list[StoredCookie] = msgspec.field(default_factory=list)
    spider_state: bytes | None = None
    tally: bytes | None = None
    items: ItemBatch | None = None


class Committed(msgspec.Struct, kw_only=True):
    """What a commit added to the frontier.

    Attributes:
        added: New rows, and rows that a commit made pending again, in order of discovery.
        moved: Pending rows whose depth or label improved, as they stand now.
        waiting: The batch's items in the outbox, their rows known now.
        label_conflicts: Links that came with another label than the row they lead to.
        doubles: Keys of items that were given twice.
    """

    waiting: list[WaitingItem] = msgspec.field(default_factory=list)
    added: list[QueuedRequest] = msgspec.field(default_factory=list)
    moved: list[QueuedRequest] = msgspec.field(default_factory=list)
    label_conflicts: int = 0
    doubles: Sequence[Double] = ()
