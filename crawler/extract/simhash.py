"""Simhash: 64 bits that differ little where texts differ little.

Charikar, "Similarity estimation techniques from rounding algorithms" (STOC 2002); Manku, Jain and
Das Sarma, "Detecting near-duplicates for web crawling" (WWW 2007), found a distance of 3 of 64
bits to mean the same page.
"""

from __future__ import annotations

import re
from collections import Counter

from xxhash import xxh3_64_intdigest

_WORD = re.compile(r"\w+")
_SHINGLE = 3
_BITS = 64
#: Each byte as eight counts of 0 or 1, sixteen bits apart, so that bytes add up without a carry.
_SPREAD = [sum(((byte >> bit) & 1) << (16 * bit) for bit in range(8)) for byte in range(256)]
_FULL = 0xFFFF


def simhash(text: str) -> int:
    """Return the simhash of a text, unsigned 64 bits; 0 for one without words.

    Case, punctuation and white space do not count. Each run of three words weighs as often as it
    occurs; a text of fewer words is one run.
    """
    words = _WORD.findall(text.casefold())
    if not words:
        return 0
    runs = Counter(
        " ".join(words[n : n + _SHINGLE]) for n in range(max(1, len(words) - _SHINGLE + 1))
    )
    counts = [0] * _BITS
    lanes = [0] * 8
    held = 0
    for run, weight in runs.items():
        digest = xxh3_64_intdigest(run.encode("utf-8", "surrogatepass"))
        weight = min(weight, _FULL)
        if held + weight > _FULL:
            _empty(lanes, counts)
            held = 0
        held += weight
        for lane in range(8):
            lanes[lane] += _SPREAD[(digest >> (8 * lane)) & 0xFF] * weight
    _empty(lanes, counts)
    half = sum(min(weight, _FULL) for weight in runs.values()) / 2
    return sum(1 << bit for bit, count in enumerate(counts) if count > half)


def _empty(lanes: list[int], counts: list[int]) -> None:
    for lane, held in enumerate(lanes):
        for bit in range(8):
            counts[8 * lane + bit] += (held >> (16 * bit)) & _FULL
        lanes[lane] = 0


def distance(one: int, other: int) -> int:
    """Return in how many bits two hashes differ."""
    return (one ^ other).bit_count()
