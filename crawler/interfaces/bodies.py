"""Bodies of pages that are kept, so that other rules can read them without a request."""

from __future__ import annotations

from typing import Protocol

from crawler.messages import HttpResponse


class BodyStore(Protocol):
    """Keeps bodies by what is in them."""

    async def keep(self, answer: HttpResponse) -> bytes | None:
        """Keep the body of an answer; return its digest, None if it is not kept."""
        ...

    async def answer(self, url: str, digest: bytes) -> HttpResponse | None:
        """Return an answer with a body that was kept; None if it is there no longer."""
        ...
