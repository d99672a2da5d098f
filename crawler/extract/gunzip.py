"""Files that are gzip themselves, `sitemap.xml.gz` for one, inflated within a bound."""

from __future__ import annotations

import zlib
from typing import NamedTuple

MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's number for deflate in a gzip wrapper
_STEP = 64 * 1024
#: Members of one file. Each costs some microseconds, be it empty, and has but 20 bytes then.
_MAX_MEMBERS = 10_000


class Inflated(NamedTuple):
    """What a gzip file holds.

    Attributes:
        data: Everything up to its end, or up to where it broke or the bound was reached.
        defect: Why it does not go on there, in words; "" when it is whole.
    """

    data: bytes
    defect: str = ""


def gunzip(body: bytes, limit: int) -> Inflated:
    """Inflate a gzip file, all its members; never more than `limit` bytes, never raises."""
    parts: list[bytes] = []
    size, place, members = 0, 0, 1
    inner = zlib.decompressobj(_GZIP)
    while place < len(body) or inner.unconsumed_tail:
        piece = inner.unconsumed_tail or body[place : place + _STEP]
        place += 0 if inner.unconsumed_tail else len(piece)
        try:
            part = inner.decompress(piece, limit - size + 1)
        except zlib.error:
            return Inflated(b"".join(parts), f"broken gzip near byte {place}")
        parts.append(part)
        size += len(part)
        if size > limit:
            return Inflated(b"".join(parts)[:limit], f"cut at {limit >> 20} MiB")
        if inner.eof:
            place -= len(inner.unused_data)
            # What servers pad their files with is no further member (RFC 1952 §2.2).
            if body[place : place + 2] != MAGIC:
                return Inflated(b"".join(parts))
            members += 1
            if members > _MAX_MEMBERS:
                return Inflated(b"".join(parts), f"more than {_MAX_MEMBERS:,} gzip members")
            inner = zlib.decompressobj(_GZIP)
    return Inflated(b"".join(parts), "gzip that ends too early")
