"""Makes the response of what a client received, and keeps its cookies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from crawler.fetch.answer import asked_wait
from crawler.fetch.receive import Received
from crawler.interfaces import Clock
from crawler.messages import FetchRequest, Headers, HttpResponse, StoredCookie


class CookieStore(Protocol):
    """Of a cookie jar, what receiving needs."""

    def learn(self, url: str, fields: Iterable[bytes], now: float) -> tuple[StoredCookie, ...]:
        """Take the Set-Cookie fields of an answer; return what changed."""
        ...


class Responder(msgspec.Struct, frozen=True):
    """Makes responses, the same whatever client asks.

    Attributes:
        jar: Where cookies go.
        clock: For their age, for the dates of Retry-After, and for the time that was needed.
    """

    jar: CookieStore
    clock: Clock

    def response(
        self,
        request: FetchRequest,
        status: int,
        headers: Headers,
        received: Received,
        asked_at: float,
    ) -> HttpResponse:
        """Return the response.

        Args:
            request: What was asked for.
            status: The status.
            headers: The header fields.
            received: The body.
            asked_at: Monotonic second at which the request was sent.
        """
        set_cookie = headers.raw(b"set-cookie") if request.use_jar else ()
        now = self.clock.wall() if set_cookie or status >= 400 else 0.0
        return HttpResponse(
            url=request.url,
            status=status,
            headers=headers,
            body=received.body,
            wire_size=received.wire_size,
            elapsed=self.clock.monotonic() - asked_at,
            asked_at=asked_at,
            flags=received.flags,
            cookies_set=self.jar.learn(request.url, set_cookie, now) if set_cookie else (),
            retry_after=asked_wait(status, headers, now) if status >= 400 else None,
        )
