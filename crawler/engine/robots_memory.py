"""What is kept of robots.txt in memory, within bounds however many hosts a crawl comes to.

A file of forty rules is a kilobyte; read, it is sixteen. A hundred thousand hosts would take more
memory than all else together, most of them long done with. So the files are kept packed, and read
ones only up to a size: one that is wanted again is read again, a fifth of a millisecond.
"""

from __future__ import annotations

import zlib

from crawler.policy.robots import RobotsRules, rules_from_response

#: Bytes of files that are kept read, which take some twelve times as much.
MOST = 6 << 20
#: What a file counts at least: an answer without rules takes memory too.
_LEAST = 64
#: A file that is shorter is not worth packing.
_WORTH = 256


class ReadRules:
    """The rules of origins that were wanted lately, by origin.

    Args:
        user_agent: Ours, to which rules are read.
        most: Bytes of files at most.
    """

    def __init__(self, user_agent: str, most: int = MOST) -> None:
        self._user_agent = user_agent
        self._most = most
        self._held: dict[str, tuple[RobotsRules, int]] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, origin: str) -> RobotsRules | None:
        """Return the rules of an origin if they are held."""
        held = self._held.get(origin)
        return None if held is None else held[0]

    def read(self, origin: str, status: int | None, body: bytes) -> RobotsRules:
        """Read an answer, and hold what it says in place of what was read longest ago."""
        rules, size = rules_from_response(status, body, self._user_agent), len(body) + _LEAST
        self._drop(origin)
        while self._held and self._size + size > self._most:
            self._drop(next(iter(self._held)))  # nobody keeps rules beyond the moment
        self._held[origin] = rules, size
        self._size += size
        return rules

    def _drop(self, origin: str) -> None:
        if (held := self._held.pop(origin, None)) is not None:
            rules, size = held
            rules.discard()
            self._size -= size


def packed(body: bytes) -> bytes:
    """Return a body as it is kept; its first byte says how."""
    if len(body) < _WORTH:
        return b"=" + body
    return b"z" + zlib.compress(body, 1)


def unpacked(kept: bytes) -> bytes:
    """Return a body out of what `packed` made of it."""
    return kept[1:] if kept[:1] == b"=" else zlib.decompress(kept[1:])
