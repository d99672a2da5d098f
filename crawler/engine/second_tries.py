"""What becomes of a request that was tried in vain: a wait in the store, or its end."""

from __future__ import annotations

from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.policy.gone import MISSING
from crawler.policy.retry import RetryPolicy, is_final

#: Times in a row that a try is not charged. A pool holds few idle connections; a server that cuts
#: each of them as it is used must not keep a request going for ever.
FREE_TRIES = 3
#: Seconds after which a page that is missing is asked once more.
_RECHECK = 3.0


class SecondTries:
    """Applies the retry policy to outcomes.

    Args:
        policy: Decides by error class and tries so far.
        recheck: A page that was alive and is missing is asked once more: nothing is gone because
            of one answer. One that is gone already is not.
    """

    def __init__(self, policy: RetryPolicy, *, recheck: bool = False) -> None:
        self._policy = policy
        self._recheck = recheck
        self._rechecked: set[int] = set()
        self._free: dict[int, int] = {}

    def settle(self, outcome: PageOutcome) -> None:
        """Turn "try again" into a wait (`retry_after`), or into FAILED or DEAD."""
        row = outcome.request.id
        if outcome.reason == ErrorClass.REUSE:
            tries = self._free[row] = self._free.get(row, 0) + 1
            if tries > FREE_TRIES:
                outcome.reason = ErrorClass.CONNECT
        elif self._free:
            self._free.pop(row, None)
        if outcome.state == State.PENDING:
            self._decide(outcome)
        elif self._recheck and outcome.state == State.FAILED and outcome.status in MISSING:
            self._ask_again(outcome)

    def _ask_again(self, outcome: PageOutcome) -> None:
        request, memory = outcome.request, outcome.request.memory
        was_alive = memory is not None and memory.fetched > 0 and memory.gone_since is None
        if was_alive and request.id not in self._rechecked:
            self._rechecked.add(request.id)
            outcome.state, outcome.retry_after = State.PENDING, _RECHECK
            # What an errback made of it, it will make once more.
            outcome.links, outcome.requests, outcome.items = [], [], []
            outcome.encoded, outcome.quarantined = [], []

    def _decide(self, outcome: PageOutcome) -> None:
        kind = ErrorClass(outcome.reason or ErrorClass.PROTOCOL)
        request = outcome.request
        decision = self._policy.decide(
            kind, request.attempts + 1, retry_after=outcome.retry_after, key=request.key
        )
        if decision is None:
            self._free.pop(request.id, None)
            outcome.state = State.FAILED if is_final(kind) else State.DEAD
            outcome.retry_after = None
        else:
            outcome.retry_after = decision.wait
