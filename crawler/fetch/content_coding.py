"""Content codings, undone as a stream and within limits (RFC 9110 §8.4).

The client library's own decoder reports a cut stream as a success and knows no limit, so bodies
reach us as they were sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from crawler.fetch.decoders import (
    BrotliDecoder,
    Decoder,
    DeflateDecoder,
    ZstdDecoder,
    unreadable,
)

#: One server, one proxy: nobody honest encodes more than twice (urllib3 allowed 50, to its cost).
MAX_CHAIN = 2

UNKNOWN_CODING = "unknown_coding"


class _Chain:
    """Codings applied one over the other, the last one outermost."""

    def __init__(self, outermost_first: list[Decoder]) -> None:
        self._decoders = outermost_first

    @property
    def flag(self) -> str | None:
        return next((one.flag for one in self._decoders if one.flag), None)

    def feed(self, data: bytes, limit: int) -> bytes:
        for decoder in self._decoders:
            data = decoder.feed(data, limit)
        return data

    def finish(self) -> None:
        for decoder in self._decoders:
            decoder.finish()


def parse_codings(values: Sequence[str]) -> list[str]:
    """Return the codings of Content-Encoding fields in the order in which they were applied."""
    if list(values) == ["gzip"]:  # nearly always
        return ["gzip"]
    names = (name.strip() for name in ",".join(values).lower().split(","))
    return [name for name in names if name and name != "identity"]


def is_known(codings: list[str]) -> bool:
    """Say whether every one of these codings can be undone here."""
    return all(name in _known() for name in codings)


def decoder_for(codings: list[str], url: str) -> Decoder:
    """Return a decoder for one answer.

    Args:
        codings: Non-empty, each of them known, in the order in which they were applied.
        url: For the errors.

    Raises:
        FetchError: unreadable, as there are more than `MAX_CHAIN` of them.
    """
    if len(codings) > MAX_CHAIN:
        raise unreadable(f"{len(codings)} content codings, one over the other", url)
    decoders = [_one(name, url) for name in reversed(codings)]
    return decoders[0] if len(decoders) == 1 else _Chain(decoders)


@cache
def accept_encoding() -> str:
    """Return the codings to ask for: those whose libraries are here and safe."""
    order = ("gzip", "deflate", "br", "zstd")
    return ", ".join(name for name in order if name in _known())


def _one(name: str, url: str) -> Decoder:
    if name == "br":
        return BrotliDecoder(url)
    if name == "zstd":
        return ZstdDecoder(url)
    return DeflateDecoder(url, gzip=name != "deflate")


@cache
def _known() -> frozenset[str]:
    known = {"gzip", "x-gzip", "deflate"}
    try:
        import brotli  # type: ignore[import-untyped]
    except ImportError:
        pass
    else:
        # 1.2.0 and older write out of bounds in the decoder (CVE-2026-111497).
        if tuple(int(part) for part in brotli.__version__.split(".")[:3]) >= (1, 2, 1):
            known.add("br")
    try:
        import zstandard  # noqa: F401 - only to see that it is there
    except ImportError:
        pass
    else:
        known.add("zstd")
    return frozenset(known)
