"""A clock for threads that a test moves by hand."""

from __future__ import annotations

import threading


class ManualTiming:
    """Stands still until `advance`; then whoever waits on it looks again."""

    def __init__(self) -> None:
        self._now = 0.0
        self._waiting: dict[threading.Condition, int] = {}
        self._seen: dict[threading.Condition, float] = {}
        self._looked = threading.Condition()

    def monotonic(self) -> float:
        return self._now

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        # The caller holds the condition's lock, and `advance` notifies with it held: the clock
        # cannot move unseen between this look and the wait.
        self._waiting[condition] = self._waiting.get(condition, 0) + 1
        try:
            if deadline is None or self._now < deadline:
                with self._looked:
                    self._seen[condition] = self._now
                    self._looked.notify_all()
                condition.wait()
        finally:
            self._waiting[condition] -= 1

    def advance(self, seconds: float) -> None:
        self._now += seconds
        for condition in list(self._waiting):
            with condition:
                condition.notify_all()

    def await_look(self, condition: threading.Condition) -> None:
        """Wait until whoever waits on `condition` has seen the present time and waits again."""
        with self._looked:
            assert self._looked.wait_for(lambda: self._seen.get(condition) == self._now, 20)
