"""The numbers of a crawl at one moment, for a person who watches."""

from __future__ import annotations

import msgspec

from crawler.interfaces import Books


class SlowestHost(msgspec.Struct, frozen=True, kw_only=True):
    """The host whose queue takes longest.

    Attributes:
        queued: Requests that wait for it; at least, where `more`.
        more: There are further ones, nobody counted how many.
        delay: Seconds between two starts.
        seconds: Until the last of them may start.
    """

    name: str
    queued: int
    more: bool
    delay: float
    seconds: float


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a crawl stands.

    Attributes:
        job: Its name.
        at: Monotonic second.
        elapsed: Seconds since the process began.
        state: "running", "paused" or "stopping".
        books: Requests by state.
        items: Items written.
        quarantined: Items that break their schema.
        bytes: Bodies received.
        errors: Tries that went wrong, by class.
        in_flight: Requests out now.
        concurrency: How many there may be.
        queued: Requests that wait.
        ready: Of these, those whose host may be asked now.
        slowest: None while no host has a delay.
        limited_by: Shares of the last seconds by cause; empty while they are not known.
        memory: Bytes of the process, and of its workers.
        memory_limit: Bytes that they may have; None for no limit.
        short_of_memory: Less is sent than could be, to keep that limit.
        starts_known: Every start request is known.
        pages_left: Pages until the config's limit; None without one.
        seconds_left: Seconds until the config's limit; None without one.
    """

    job: str
    at: float
    elapsed: float
    state: str
    books: Books
    items: int
    quarantined: int
    bytes: int
    errors: dict[str, int]
    in_flight: int
    concurrency: int
    queued: int
    ready: int
    slowest: SlowestHost | None
    limited_by: dict[str, float]
    memory: int
    starts_known: bool
    memory_limit: int | None = None
    short_of_memory: bool = False
    pages_left: int | None = None
    seconds_left: float | None = None

    @property
    def ended(self) -> int:
        """Requests that are not to be fetched any more, whatever became of them."""
        return self.books.known - self.books.pending

    @property
    def wrong(self) -> int:
        """Requests that failed, or are given up."""
        return self.books.failed + self.books.dead
