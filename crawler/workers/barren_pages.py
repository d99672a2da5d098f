"""Tells of a page whether it brought an item and, when the trap guard asks, what it says."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from crawler.extract.text_signature import text_signature
from crawler.messages import HttpResponse
from crawler.outcome import PageOutcome


class BarrenPages(msgspec.Struct, frozen=True):
    """What a visitor knows of the trap guard; small, and any number of workers may have one.

    Attributes:
        wants_text: Says whether the text of a page is to be looked at.
        counts_pages: Items do not count, as every page is one.
    """

    wants_text: Callable[[str], bool]
    counts_pages: bool = False

    def look(self, outcome: PageOutcome, answer: HttpResponse) -> None:
        """Note on a page that is done whether it is barren, and its text."""
        if (outcome.items or outcome.quarantined) and not self.counts_pages:
            return
        outcome.barren = True
        if self.wants_text(answer.url):
            outcome.text = text_signature(answer.body, answer.url)
