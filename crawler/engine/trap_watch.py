"""Tells the trap guard what became of pages, and keeps what it knows with them."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.engine.tally import Tally
from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome, SkipReason, State
from crawler.policy.traps import Leads, Pattern, Traps


class TrapWatch:
    """Stands between the commits of a crawl and its trap guard.

    Args:
        traps: The guard.
        tally: Keeps what the guard knows.
    """

    def __init__(self, traps: Traps, tally: Tally) -> None:
        self._traps = traps
        self._tally = tally

    def why_cut(self, request: QueuedRequest) -> str | None:
        """Return why a request is not to be sent; None when it is.

        What the user or a list names, depth 0, is never cut, nor is what an earlier run knew: there
        is an end to that, and news may stand there.
        """
        named = request.depth == 0 or request.is_start or request.memory is not None
        if named or not self._traps.any_cut:
            return None
        cut = self._traps.cut_of(request.url)
        return None if cut is None else trap_words(*cut)

    def count_cut(self, outcomes: Sequence[PageOutcome]) -> None:
        """Count requests that were not sent; before they are committed."""
        if self._traps.any_cut:
            for outcome in outcomes:
                if outcome.reason == SkipReason.TRAP:
                    self._traps.note_cut(outcome.request.url)
            self._tally.traps = self._traps.kept()

    def note(self, outcomes: Sequence[PageOutcome], added: Sequence[QueuedRequest]) -> None:
        """Learn from pages, once it is known which of their links nobody knew before."""
        traps, looked = self._traps, False
        links: dict[int, list[str]] | None = None
        for outcome in outcomes:
            request = outcome.request
            if outcome.state != State.DONE or request.depth == 0:
                continue
            if not outcome.barren:
                if traps.suspects:
                    traps.note_item(request.url)
                continue
            leads = Leads.NOWHERE
            if outcome.text is not None and traps.knows(request.url, outcome.text):
                links = _by_page(added) if links is None else links
                leads = traps.leads(request.url, links.get(request.id, ()))
            traps.note_page(request.url, request.depth, outcome.text, leads=leads)
            looked = looked or outcome.text is not None
        if looked:
            self._tally.traps = traps.kept()


def _by_page(added: Sequence[QueuedRequest]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for request in added:
        found.setdefault(request.parent, []).append(request.url)
    return found


def trap_words(name: str, pattern: Pattern) -> str:
    """Return in one line why requests of a pattern are not sent."""
    return f"{name} is a trap: of {pattern.pages:,} pages the last ones brought nothing new"
