"""Which URLs and bytes a ledger may know of, told without asking it: most are new at first."""

from __future__ import annotations

#: Bits, and how many of them each key sets: of a million files, with a URL and a hash each, one in
#: forty that are new is looked up in vain.
_BITS = 1 << 24
_EACH = 4


class KnownUrls:
    """A filter over the URLs, and hashes of bytes, of a ledger: 2 MiB, whatever their number.

    Args:
        all_may_be: The ledger knew some before; then each may be one of them.
    """

    def __init__(self, *, all_may_be: bool) -> None:
        self._bits = None if all_may_be else bytearray(_BITS // 8)

    def add(self, url: str) -> None:
        """Note that the ledger knows a URL from now on."""
        if self._bits is not None:
            for bit in _places(url):
                self._bits[bit >> 3] |= 1 << (bit & 7)

    def may_have(self, url: str) -> bool:
        """Tell whether the ledger may know a URL; False is certain."""
        bits = self._bits
        return bits is None or all(bits[bit >> 3] & 1 << (bit & 7) for bit in _places(url))


def _places(url: str) -> list[int]:
    first = hash(url)
    second = first >> 32 | 1
    return [(first + n * second) % _BITS for n in range(_EACH)]
