"""What fetches, reads and transforms: the seams between the engine and those who do the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from crawler.messages import FetchRequest, HttpResponse, QueuedRequest
from crawler.outcome import PageOutcome


class Clock(Protocol):
    """Time, handed in so that tests can move it."""

    def monotonic(self) -> float:
        """Return seconds that only go forward."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970 UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        ...


class Fetcher(Protocol):
    """One request in, one answer out; redirects are answers like any other."""

    async def fetch(self, request: FetchRequest) -> HttpResponse:
        """Send one request and read its answer whole.

        Raises:
            FetchError: No answer worth keeping; its `kind` says why.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Workers(Protocol):
    """Turns queued requests into page outcomes; knows nothing of the frontier."""

    def submit(self, request: QueuedRequest) -> None:
        """Begin a request; its outcome reaches the `deliver` callable given at creation."""
        ...

    async def run(self) -> None:
        """Serve until `stop`; leaves only when every submitted request was delivered."""
        ...

    def stop(self, *, at_once: bool = False) -> None:
        """Take no more requests; `at_once` gives up those in flight, undelivered."""
        ...


class Transformed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item.

    Attributes:
        records: What it is now: itself changed, several records, or none when it was dropped.
            None when its transforms failed.
        kind: Why they failed: "raised", "timeout", "died"...; "" when they did not.
        reason: The same for people.
        place: The step that failed, as in the config; "" when nobody knows.
    """

    records: list[dict[str, Any]] | None = None
    kind: str = ""
    reason: str = ""
    place: str = ""


class Transform(Protocol):
    """The job's transforms: an item in, what became of it out. Never raises for an item's sake."""

    async def start(self) -> None:
        """Get ready; called before the first connection is opened."""
        ...

    async def apply(self, name: str, record: dict[str, Any]) -> Transformed:
        """Transform one item; waits while there is no room for it."""
        ...

    async def close(self) -> None:
        """Give up what is under way, and end every process."""
        ...


class CrashGuard(Protocol):
    """Remembers, beyond the death of the process, whose callback is running."""

    def enter(self, row: int) -> None:
        """Note that a page's callback begins."""
        ...

    def leave(self, row: int) -> None:
        """Note that it has ended."""
        ...


Deliver = Callable[[PageOutcome], None]
