"""The seam between a crawl and the other jobs of its machine that ask the same hosts."""

from __future__ import annotations

from typing import Protocol


class HostClocks(Protocol):
    """Keeps the delay of a host over all jobs that ask it at the same time.

    Quick, never waits, raises nothing: where there is nothing to share, every turn is given.
    """

    def take_turn(self, host: str, *, delay: float, concurrency: int, now: float) -> float:
        """Begin a request to a host, or learn when to ask again.

        Args:
            host: The host key.
            delay: Seconds between two requests that this job wants, above 0.
            concurrency: Requests in flight that it wants at most.
            now: Monotonic second now.

        Returns:
            `now` if the request may go out; it counts as in flight until `end_turn`. Else the
            later monotonic second at which to ask again.
        """
        ...

    def end_turn(self, host: str, *, delay: float, sent: float | None, now: float) -> None:
        """Note that a request to a host has ended, whether a turn was taken for it or not.

        Args:
            host: The host key.
            delay: Seconds between two requests that this job wants now.
            sent: Monotonic second at which it was on its way indeed; None if it never was.
            now: Monotonic second now.
        """
        ...

    def leave_alone(self, host: str, until: float, now: float) -> None:
        """Note that a host asked to be left alone until a monotonic second."""
        ...
