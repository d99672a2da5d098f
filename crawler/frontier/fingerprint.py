"""Which two requests are the same: xxh3-64 over method, canonical URL and body.

The seed is drawn once per store, so that nobody can prepare URLs that collide in ours. Two
different requests collide with a chance of about 7e-7 at five million keys.
"""

from __future__ import annotations

from xxhash import xxh3_64_intdigest

from crawler.messages import NewRequest
from crawler.urls import CanonicalRules


class Fingerprints:
    """Fingerprints of one store.

    Args:
        seed: The store's, unsigned 64 bits.
        rules: What makes two URLs one; kept with the store.
    """

    __slots__ = ("_canonical", "_seed")

    def __init__(self, seed: int, rules: CanonicalRules) -> None:
        self._seed = seed
        self._canonical = rules.canonical

    def of_url(self, url: str) -> int:
        """Return the fingerprint of a plain GET, never 0."""
        return xxh3_64_intdigest(self._canonical(url).encode(), self._seed) or 1

    def of(self, request: NewRequest, parent: int) -> int:
        """Return the fingerprint of any request; `parent` is the row of its page.

        A request that is not to be filtered is the same as another only if the same page gave
        it at the same place, so that a page fetched again after a kill adds nothing twice.
        """
        plain = request.method == "GET" and not request.body and not request.dont_filter
        if plain:
            return self.of_url(request.url)
        # A URL holds neither spaces nor line breaks once serialised, so the parts cannot run
        # into each other, and no plain URL looks like this.
        place = f"{parent} {request.ordinal}" if request.dont_filter else ""
        head = f"{request.method} {self._canonical(request.url)}\n{place}\n"
        return xxh3_64_intdigest(head.encode() + request.body, self._seed) or 1
