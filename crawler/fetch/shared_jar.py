"""A cookie jar that many threads use."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from crawler.fetch.cookie_jar import CookieJar
from crawler.messages import StoredCookie


class SharedJar:
    """Lets one thread at a time at a jar.

    Args:
        jar: From now on to be asked through this object alone.
    """

    def __init__(self, jar: CookieJar) -> None:
        self._jar = jar
        self._lock = threading.Lock()

    def __len__(self) -> int:
        # One attribute is read: too early or too late for a cookie that another thread is just
        # learning, never wrong, and an empty jar costs no lock.
        return len(self._jar)

    def header_for(self, url: str, now: float, extra: Sequence[tuple[str, str]] = ()) -> str:
        """As `CookieJar.header_for`."""
        with self._lock:
            return self._jar.header_for(url, now, extra)

    def learn(self, url: str, fields: Iterable[bytes], now: float) -> tuple[StoredCookie, ...]:
        """As `CookieJar.learn`."""
        with self._lock:
            return self._jar.learn(url, fields, now)
