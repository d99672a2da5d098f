"""The numbers of a dispatcher, all of one moment."""

from __future__ import annotations

from typing import NamedTuple


class Counts(NamedTuple):
    """How many tasks there are of each state, and what happened to threads.

    Attributes:
        submitted: Tasks taken on so far.
        queued: Waiting for a thread, or for their next try.
        running: In a thread now.
        done: Ended well.
        failed: Raised, and are not tried again.
        cancelled: Never ran, gave in when asked to end, or were given up by a stop.
        timed_out: Given up because they ran too long.
        retried: Further tries so far; no state, so not part of the balance.
        lost: Threads that still run something that was given up.
        replaced: Threads whose place another takes: lost ones, and those that a task ended.
    """

    submitted: int
    queued: int
    running: int
    done: int
    failed: int
    cancelled: int
    timed_out: int
    retried: int
    lost: int
    replaced: int

    @property
    def finished(self) -> int:
        """Tasks to which nothing more will happen."""
        return self.done + self.failed + self.cancelled + self.timed_out

    @property
    def balanced(self) -> bool:
        """Every task is in exactly one state. False is a bug of ours."""
        return self.submitted == self.queued + self.running + self.finished
