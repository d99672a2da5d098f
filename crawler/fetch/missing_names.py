"""Remembers host names that do not exist, so that a thousand links to one ask once (RFC 2308)."""

from __future__ import annotations

import socket

#: c-ares's number for a name that does not exist.
_ARES_ENOTFOUND = 4


class MissingNames:
    """A bounded memory of look-ups that failed for good.

    Args:
        ttl: Seconds that an entry holds.
        size: Entries kept; the oldest goes first.
    """

    def __init__(self, ttl: float, size: int) -> None:
        self._ttl = ttl
        self._size = size
        self._until: dict[str, float] = {}

    def holds(self, host: str, now: float) -> bool:
        """Say whether a name is known to be missing."""
        return self._until.get(host, now) > now

    def note(self, host: str, error: OSError, now: float) -> None:
        """Remember a failed look-up, unless it was but a name server's bad moment."""
        if not _is_final(error):
            return
        self._until.pop(host, None)
        self._until[host] = now + self._ttl
        if len(self._until) > self._size:
            del self._until[next(iter(self._until))]


def _is_final(error: OSError) -> bool:
    cause = error.__cause__ or error
    code = cause.args[0] if cause.args else None
    final = socket.EAI_NONAME if isinstance(cause, socket.gaierror) else _ARES_ENOTFOUND
    return code == final
