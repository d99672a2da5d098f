"""Whether a failed request is tried again, and when."""

from __future__ import annotations

import msgspec

from crawler.outcome import ErrorClass

#: Another try would not help: the request is failed, not dead.
FINAL = frozenset(
    (
        ErrorClass.STATUS, ErrorClass.TLS, ErrorClass.TOO_LARGE, ErrorClass.ADDRESS,
        ErrorClass.REDIRECT, ErrorClass.UNREADABLE, ErrorClass.CALLBACK, ErrorClass.FILE,
    )
)  # fmt: skip

# A name that does not resolve twice is most likely wrong, and each try costs seconds.
_DNS_RETRIES = 1
# The page that ended the process may do so twice more, alone, before it is given up.
_CRASH_RETRIES = 2
# Odd, near 2**32 / golden ratio: neighbouring keys land far apart.
_SPREAD = 2_654_435_769


class RetryDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The request is tried again.

    Attributes:
        wait: Seconds until then.
        charged: False when the try does not count against the budget.
    """

    wait: float
    charged: bool = True


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A budget of tries for each class of error.

    Attributes:
        retries: Further tries after the first, where a class has no limit of its own.
        waits: Seconds before the first, second... further try; the last one repeats.
        max_wait: Seconds at most that we wait of our own accord.
        max_retry_after: Seconds at most that a server may ask for.
        jitter: Share by which a wait may be longer, so that a host's retries do not come as one.
    """

    retries: int = 3
    waits: tuple[float, ...] = (1.0, 4.0, 16.0, 64.0)
    max_wait: float = 300.0
    max_retry_after: float = 3600.0
    jitter: float = 0.25

    def budget(self, error: ErrorClass) -> int:
        """Return how many further tries a class of error gets."""
        if error in FINAL:
            return 0
        if error is ErrorClass.DNS:
            return min(_DNS_RETRIES, self.retries)
        return _CRASH_RETRIES if error is ErrorClass.CRASH else self.retries

    def decide(
        self, error: ErrorClass, attempts: int, *, retry_after: float | None = None, key: int = 0
    ) -> RetryDecision | None:
        """Decide on a request that was just tried in vain.

        Args:
            error: Why.
            attempts: Tries so far that were charged, this one included; from 1.
            retry_after: Seconds the server asked for, if it did; never undercut.
            key: Any number of the request's own, for the jitter.

        Returns:
            When to try again, or None: the budget is spent (or the error is final).
        """
        if error is ErrorClass.REUSE:
            # The server closed an idle connection as we wrote: nobody's fault, and the next try
            # has a new connection, so this cannot go round for ever.
            return RetryDecision(wait=0.0, charged=False)
        if attempts > self.budget(error):
            return None
        wait = self._wait(attempts, key)
        if retry_after is not None:
            wait = max(wait, min(retry_after, self.max_retry_after))
        return RetryDecision(wait=wait)

    def _wait(self, attempts: int, key: int) -> float:
        if not self.waits:
            return 0.0
        base = min(self.waits[min(attempts, len(self.waits)) - 1], self.max_wait)
        share = ((key + attempts) * _SPREAD & 0xFFFF_FFFF) / 0x1_0000_0000
        return base * (1 + self.jitter * share)


def is_final(error: ErrorClass) -> bool:
    """Tell whether another try would not help, so that the request is failed at once."""
    return error in FINAL
