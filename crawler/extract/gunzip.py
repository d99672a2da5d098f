"""Files that are gzip themselves, `sitemap.xml.gz` for one, inflated within a bound."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import NamedTuple

MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's number for deflate in a gzip wrapper
_STEP = 64 * 1024
#: Bytes that are inflated at once.
_PART = 1024 * 1024
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
    # Its buffer becomes the result without a copy, and grows without being copied as a whole.
    made = BytesIO()
    place, members, full = 0, 1, False
    inner = zlib.decompressobj(_GZIP)
    while place < len(body) or full or inner.unconsumed_tail:
        piece = inner.unconsumed_tail
        if not piece and not full:
            piece = body[place : place + _STEP]
            place += len(piece)
        room = min(_PART, limit - made.tell() + 1)
        try:
            part = inner.decompress(piece, room)
        except zlib.error:
            return Inflated(made.getvalue(), f"broken gzip near byte {place}")
        made.write(part)
        if made.tell() > limit:
            made.truncate(limit)
            return Inflated(made.getvalue(), f"cut at {limit >> 20} MiB")
        full = len(part) == room and not inner.eof
        if inner.eof:
            place -= len(inner.unused_data)
            # What servers pad their files with is no further member (RFC 1952 §2.2).
            if body[place : place + 2] != MAGIC:
                return Inflated(made.getvalue())
            members += 1
            if members > _MAX_MEMBERS:
                return Inflated(made.getvalue(), f"more than {_MAX_MEMBERS:,} gzip members")
            inner = zlib.decompressobj(_GZIP)
    return Inflated(made.getvalue(), "gzip that ends too early")
