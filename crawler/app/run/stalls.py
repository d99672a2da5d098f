"""Callbacks that kept everything else waiting: told once their page has ended."""

from __future__ import annotations

from collections.abc import Callable

from crawler.app.run.callback_name import callback_name
from crawler.outcome import PageOutcome

#: Pages whose stall is remembered until they end.
_MOST = 1_000


class Stalls:
    """Adds a note to the outcome of a page whose callback stalled the loop.

    Args:
        ended: Is told of every page then.
    """

    def __init__(self, ended: Callable[[PageOutcome], None]) -> None:
        self._ended = ended
        self._seconds: dict[int, float] = {}

    def stalled(self, rows: list[int], seconds: float) -> None:
        """Take note of the pages whose callbacks ran while the loop stood still."""
        for row in rows:
            if len(self._seconds) < _MOST or row in self._seconds:
                self._seconds[row] = max(seconds, self._seconds.get(row, 0.0))

    def ended(self, outcome: PageOutcome) -> None:
        """Pass an outcome on, with what is to be said."""
        seconds = self._seconds.pop(outcome.request.id, None)
        if seconds is not None:
            note = (
                f"{_callback(outcome)} ran while everything else waited for {seconds:.1f} s; move"
                " CPU work out: transform in the config, or self.offload in a spider"
            )
            outcome.notes = (*outcome.notes, note)
        self._ended(outcome)


def _callback(outcome: PageOutcome) -> str:
    name = callback_name(outcome.request)
    return "its callback" if name is None else f"its callback {name}"
