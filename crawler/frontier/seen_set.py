"""The seen-set: fingerprint to row, and the depth and label that only an improvement may touch.

A dict is fastest and holds the first 128 k keys (about 130 bytes each). Beyond that the keys move
into 65,536 buckets by their first two bytes: of each key the other six, one after the other, found
by `bytearray.find` at the speed of C, and of each word eight bytes at the same place. That is 14
bytes a key and 18 of memory, all told, at ten million keys. Nothing is ever rebuilt: a bucket that
grows moves some kilobytes. In front of the buckets stands a dict of what was asked for lately, for
most links of a page are those of the page before.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable

#: Keys kept in a dict before the buckets take over.
SMALL = 1 << 17
#: Keys that were asked for lately, kept in a dict before the buckets; then it begins anew.
RECENT = 1 << 16
#: Parts in which a large set can be written down: keys of the same first byte.
PARTS = 256
_BUCKETS = 1 << 16
_IN_PART = _BUCKETS // PARTS
_SHIFT = 48  # bits of a key behind those that choose its bucket
_REST = (1 << _SHIFT) - 1
_STEP = _SHIFT // 8
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


class _Buckets:
    """Keys and words by the first two bytes of the key, in the order in which they came."""

    __slots__ = ("count", "keys", "words")

    def __init__(self) -> None:
        self.count = 0
        self.keys = [bytearray() for _ in range(_BUCKETS)]
        self.words = [array("Q") for _ in range(_BUCKETS)]

    def get(self, key: int) -> int:
        """Return the word of a key, 0 for none."""
        bucket = key >> _SHIFT
        place = _place(self.keys[bucket], (key & _REST).to_bytes(_STEP, "little"))
        return 0 if place < 0 else self.words[bucket][place]

    def put(self, key: int, word: int) -> None:
        """Set the word of a key, known or not."""
        bucket = key >> _SHIFT
        keys, rest = self.keys[bucket], (key & _REST).to_bytes(_STEP, "little")
        place = _place(keys, rest)
        if place < 0:
            keys += rest
            self.words[bucket].append(word)
            self.count += 1
        else:
            self.words[bucket][place] = word


def _place(keys: bytearray, rest: bytes) -> int:
    """Return which of the keys it is, -1 for none."""
    at = keys.find(rest)
    while at >= 0:
        place, off = divmod(at, _STEP)
        if not off:
            return place
        at = keys.find(rest, at + 1)  # the end of one key and the beginning of the next
    return -1


class SeenSet:
    """Maps fingerprints (unsigned 64 bits, not 0) to packed words, which are not 0."""

    __slots__ = ("_buckets", "_recent")

    def __init__(self) -> None:
        self._recent: dict[int, int] = {}
        self._buckets: _Buckets | None = None

    def __len__(self) -> int:
        return len(self._recent) if self._buckets is None else self._buckets.count

    def get(self, key: int) -> int:
        """Return the word of a key, or 0 if it is not known; rows start at 1."""
        word = self._recent.get(key, 0)
        if word or self._buckets is None:
            return word
        word = self._buckets.get(key)
        if word:
            self._remember(key, word)
        return word

    def put(self, key: int, word: int) -> None:
        """Set the word of a key, known or not."""
        if self._buckets is not None:
            self._buckets.put(key, word)
            self._remember(key, word)
            return
        self._recent[key] = word
        if len(self._recent) > SMALL:
            self._to_buckets()

    def put_all(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Set the words of many keys that nobody is about to ask for."""
        pairs = iter(pairs)
        if self._buckets is None:
            for key, word in pairs:
                self.put(key, word)
                if self._buckets is not None:
                    break
        if self._buckets is not None:
            put = self._buckets.put
            for key, word in pairs:
                put(key, word)

    def _remember(self, key: int, word: int) -> None:
        if len(self._recent) >= RECENT:
            self._recent.clear()
        self._recent[key] = word

    def _to_buckets(self) -> _Buckets:
        small, self._recent = self._recent, {}
        buckets = self._buckets = _Buckets()
        for key, word in small.items():
            buckets.put(key, word)
        return buckets

    @property
    def memory_bytes(self) -> int:
        """Bytes that the buckets take; 0 while the dict does."""
        held = self._buckets
        return 0 if held is None else sum(map(sys.getsizeof, (*held.keys, *held.words)))

    # In writing

    def dump(self, part: int) -> bytes:
        """Return a part of a set that has outgrown the dict, for `load` on the same machine."""
        buckets = self._buckets or self._to_buckets()
        ours = slice(part * _IN_PART, (part + 1) * _IN_PART)
        words = buckets.words[ours]
        counts = array("I", map(len, words)).tobytes()
        return b"".join((counts, *buckets.keys[ours], *words))

    def load(self, part: int, dumped: bytes) -> None:
        """Take a part in, into a set that has nothing of it.

        Raises:
            ValueError: It is not what `dump` returned.
        """
        buckets = self._buckets or self._to_buckets()
        counts = array("I")
        head = counts.itemsize * _IN_PART
        counts.frombytes(dumped[:head])
        total, view = sum(counts), memoryview(dumped)
        if len(counts) != _IN_PART or len(dumped) != head + total * (_STEP + 8):
            raise ValueError(f"part {part} of the seen-set has {len(dumped)} bytes")
        at, word_at = head, head + total * _STEP
        for bucket, count in enumerate(counts, part * _IN_PART):
            buckets.keys[bucket] += view[at : at + count * _STEP]
            buckets.words[bucket].frombytes(view[word_at : word_at + count * 8])
            at += count * _STEP
            word_at += count * 8
        buckets.count += total
