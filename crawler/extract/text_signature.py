"""Two numbers by which pages are known that say the same as others.

Made from the bytes of a page, without parsing it: about 15 us for each KB of text. The order of
words does not count, so that a list of the same things in another order is the same page.
"""

from __future__ import annotations

import re

from xxhash import xxh3_64_intdigest

#: Bytes of a page that are looked at.
_LIMIT = 256 * 1024
# Each alternative reaches an end once it has begun, so that the whole is linear.
_MARKUP = re.compile(
    rb"<(?:(?:script|style)\b.*?(?:</(?:script|style)\b|\Z)|!--.*?(?:-->|\Z)|[^>]*>?)",
    re.DOTALL | re.IGNORECASE,
)
#: Every byte that is not of a word, by ASCII, as a space.
_WORDS = bytes(
    byte if byte >= 0x80 or byte == ord("_") or chr(byte).isalnum() else 0x20 for byte in range(256)
)
_DIGITS = b"0123456789"
_HALF = (1 << 63) - 1

#: What a page says, and the same with digits folded and without the words of its own address.
TextSignature = tuple[int, int]


def text_signature(body: bytes, url: str) -> TextSignature:
    """Return the signatures of a page's text, as written and folded; 63 bits each.

    The folded one is that of all pages which differ only in numbers and in words that stand in
    their own URLs, as many a page repeats where it is.
    """
    words = set(without_markup(body).translate(_WORDS).split())
    address = _folded(set(url.encode("utf-8", "replace").translate(_WORDS).split()))
    return _hash(words), _hash(_folded(words) - address)


def without_markup(body: bytes) -> bytes:
    """Return the text between the tags of a page, scripts and styles left out; of 256 KiB of it."""
    return _MARKUP.sub(b" ", body[:_LIMIT])


def _folded(words: set[bytes]) -> set[bytes]:
    return {word.translate(None, _DIGITS) for word in words} - {b""}


def _hash(words: set[bytes]) -> int:
    return xxh3_64_intdigest(b" ".join(sorted(words))) & _HALF
