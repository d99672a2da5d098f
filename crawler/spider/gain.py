"""What a page gave, packed to be kept: a page that is the same gives it again.

Depths are kept relative to the page. A format of its own: whoever reads a gain knows by its rules
(`PageMemory.rules`) that this program made it so.
"""

from __future__ import annotations

import zlib

import msgspec

from crawler.damage import UNREADABLE
from crawler.errors import StateError
from crawler.items import encode_fields
from crawler.messages import NewRequest
from crawler.outcome import (
    ItemProblem,
    ItemRecord,
    LinkBatch,
    PageOutcome,
    Quarantined,
    RuleHit,
)
from crawler.spider.plain_codec import dump, load

#: Part of the digest of the rules: a gain of another format is never read.
FORMAT = 1
#: Bytes from which on a gain is compressed; text halves at a level that costs little.
_LARGE = 512
_PLAIN, _PACKED = b"\0", b"\1"


class _Gain(msgspec.Struct, array_like=True):
    links: list[LinkBatch]
    requests: list[NewRequest]
    items: list[tuple[str, bytes]]
    quarantined: list[tuple[str, bytes, list[tuple[str, bytes, str]]]]
    hits: list[RuleHit]
    nofollow: int
    notes: tuple[str, ...] = ()
    source_files: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Gain)


def pack(outcome: PageOutcome) -> bytes:
    """Return what a page gave, as bytes.

    Raises:
        CallbackError: An item holds what cannot be kept.
    """
    depth = outcome.request.depth
    gain = _Gain(
        links=outcome.links,
        requests=[
            msgspec.structs.replace(one, depth=one.depth - depth) for one in outcome.requests
        ],
        items=[(one.name, dump(one.data, one.name)) for one in outcome.items],
        quarantined=[
            (
                one.name,
                dump(one.data, one.name),
                [(p.field, dump(p.value, p.field), p.reason) for p in one.problems],
            )
            for one in outcome.quarantined
        ],
        hits=outcome.hits,
        nofollow=outcome.nofollow,
        notes=outcome.notes,
        source_files=outcome.source_files,
    )
    raw = _encoder.encode(gain)
    return _PACKED + zlib.compress(raw, 1) if len(raw) > _LARGE else _PLAIN + raw


def give_again(outcome: PageOutcome, packed: bytes | None) -> None:
    """Let an outcome give what its page gave when it was read last.

    Raises:
        StateError: It cannot be read, or is not there.
    """
    try:
        gain = _decoder.decode(_unpacked(packed))
        outcome.items = [ItemRecord(name, load(data)) for name, data in gain.items]
        outcome.quarantined = [
            Quarantined(
                name,
                load(data),
                tuple(ItemProblem(field, load(value), why) for field, value, why in problems),
            )
            for name, data, problems in gain.quarantined
        ]
    except (*UNREADABLE, zlib.error, TypeError, ValueError, LookupError) as error:
        raise StateError(
            f"what is kept of {outcome.request.url} cannot be read: {error}; --forget begins anew"
        ) from error
    depth = outcome.request.depth
    outcome.links, outcome.hits, outcome.nofollow = gain.links, gain.hits, gain.nofollow
    outcome.notes, outcome.source_files = gain.notes, gain.source_files
    outcome.requests = [
        msgspec.structs.replace(one, depth=max(0, one.depth + depth)) for one in gain.requests
    ]
    outcome.encoded = [encode_fields(item.data) for item in outcome.items]


def _unpacked(packed: bytes | None) -> bytes:
    if not packed:
        raise ValueError("it is not there")
    return zlib.decompress(packed[1:]) if packed[:1] == _PACKED else packed[1:]
