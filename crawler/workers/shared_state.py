"""`Spider.state` where callbacks run at the same time, in several threads."""

from __future__ import annotations

import threading

from crawler.errors import CallbackError
from crawler.workers.visit import KeptState

#: Looks at a state that somebody else changes meanwhile.
_LOOKS = 50


class SharedState:
    """Looks at the state one page after the other.

    What a page commits is then the state as it was at some moment of its callback or later, other
    pages' changes included. Callbacks that change one value together need a lock of their own.

    Args:
        inner: The state of one thread.

    Attributes:
        newest: What was encoded last.
    """

    def __init__(self, inner: KeptState) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self.newest: bytes | None = None

    def changed(self) -> bytes | None:
        """See `SpiderState.changed`.

        Raises:
            CallbackError: It holds what cannot be kept, or never holds still.
        """
        with self._lock:
            for _ in range(_LOOKS):
                try:
                    encoded = self._inner.changed()
                except RuntimeError:  # a dict or set in it changed its size under our eyes
                    continue
                self.newest = self.newest if encoded is None else encoded
                return encoded
        raise CallbackError(
            "self.state changes in other threads faster than it can be kept; change it rarely, or"
            " leave thread_safe out"
        )
