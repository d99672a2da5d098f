"""The seen-set: fingerprint to row, and the depth and label that only an improvement may touch.

A dict is fastest and holds the first 128 k keys (about 130 bytes each). Beyond that the keys move
into open-addressing tables of two machine words a slot, one table for each of 256 key ranges, so
that a table that grows stops the crawl for milliseconds, not seconds.
"""

from __future__ import annotations

from array import array

#: Keys kept in a dict before the tables take over.
SMALL = 1 << 17
_SHARDS = 256
_FIRST_CAPACITY = 1 << 10
#: Depths are capped to two bytes: below that, found shallower is no improvement.
DEPTH_MAX = 0xFFFF
#: Label ranks are capped to a byte; this one, the last, is that of no label.
LABEL_MAX = 0xFF


def pack(row: int, depth: int, label_rank: int) -> int:
    """Return row (40 bits), depth (two bytes) and label rank (a byte) as one word."""
    return row << 24 | min(depth, DEPTH_MAX) << 8 | min(label_rank, LABEL_MAX)


def unpack(word: int) -> tuple[int, int, int]:
    """Return (row, depth, label rank)."""
    return word >> 24, word >> 8 & DEPTH_MAX, word & LABEL_MAX


class _Table:
    """One open-addressing table; keys are never 0, which marks a free slot."""

    __slots__ = ("keys", "limit", "mask", "used", "words")

    def __init__(self, capacity: int) -> None:
        self.mask = capacity - 1
        self.keys = array("Q", bytes(8 * capacity))
        self.words = array("Q", bytes(8 * capacity))
        self.used = 0
        self.limit = capacity * 7 // 10

    def slot(self, key: int) -> int:
        """Return the slot that holds `key`, or the free one where it belongs."""
        keys, mask = self.keys, self.mask
        place = key & mask
        while (held := keys[place]) and held != key:
            place = (place + 1) & mask
        return place

    def grown(self) -> _Table:
        """Return a table of twice the size with the same content."""
        bigger = _Table((self.mask + 1) * 2)
        for key, word in zip(self.keys, self.words, strict=True):
            if key:
                place = bigger.slot(key)
                bigger.keys[place] = key
                bigger.words[place] = word
        bigger.used = self.used
        return bigger


class SeenSet:
    """Maps fingerprints (unsigned 64 bits, not 0) to packed words."""

    __slots__ = ("_large", "_small")

    def __init__(self) -> None:
        self._small: dict[int, int] = {}
        self._large: list[_Table] = []

    def __len__(self) -> int:
        return len(self._small) + sum(table.used for table in self._large)

    def get(self, key: int) -> int:
        """Return the word of a key, or 0 if it is not known; rows start at 1."""
        if not self._large:
            return self._small.get(key, 0)
        table = self._large[key >> 56]
        return table.words[table.slot(key)]

    def put(self, key: int, word: int) -> None:
        """Set the word of a key, known or not."""
        if not self._large:
            self._small[key] = word
            if len(self._small) > SMALL:
                self._move_to_tables()
            return
        self._put_large(key, word)

    def _put_large(self, key: int, word: int) -> None:
        shard = key >> 56
        table = self._large[shard]
        place = table.slot(key)
        if not table.keys[place]:
            if table.used >= table.limit:
                table = self._large[shard] = table.grown()
                place = table.slot(key)
            table.used += 1
            table.keys[place] = key
        table.words[place] = word

    def _move_to_tables(self) -> None:
        small, self._small = self._small, {}
        self._large = [_Table(_FIRST_CAPACITY) for _ in range(_SHARDS)]
        for key, word in small.items():
            self._put_large(key, word)

    @property
    def memory_bytes(self) -> int:
        """Bytes that the tables take; 0 while the dict is in use."""
        return sum(16 * (table.mask + 1) for table in self._large)
