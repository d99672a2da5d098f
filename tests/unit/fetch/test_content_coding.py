from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import FetchError
from crawler.fetch import content_coding, decoders
from crawler.fetch.content_coding import accept_encoding, decoder_for, is_known, parse_codings
from crawler.outcome import ErrorClass

URL = "http://example.org/"
PLENTY = 100_000_000
TEXT = b"the quick brown fox " * 500


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw-deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd),
}
every_coding = pytest.mark.parametrize(("coding", "encode"), ENCODERS.values(), ids=ENCODERS)


def decode(codings: list[str], *chunks: bytes, limit: int = PLENTY) -> tuple[bytes, str | None]:
    decoder = decoder_for(codings, URL)
    parts: list[bytes] = []
    for chunk in chunks:
        parts.append(decoder.feed(chunk, limit - sum(map(len, parts))))
    decoder.finish()
    return b"".join(parts), decoder.flag


def kind_of(codings: list[str], *chunks: bytes, limit: int = PLENTY) -> str:
    with pytest.raises(FetchError) as caught:
        decode(codings, *chunks, limit=limit)
    assert caught.value.url == URL
    return caught.value.kind


@pytest.mark.parametrize(
    "pieces", [(brotli.compress(TEXT) + b"\n",), (brotli.compress(TEXT), b"\n")]
)
def test_bytes_behind_a_brotli_stream_are_damage_however_they_come(pieces: tuple[bytes]) -> None:
    assert kind_of(["br"], *pieces) == ErrorClass.UNREADABLE


@every_coding
def test_what_was_encoded_comes_back(coding: str, encode: Callable[[bytes], bytes]) -> None:
    assert decode([coding], encode(TEXT)) == (TEXT, None)


@every_coding
@given(data=st.binary(max_size=300), size=st.integers(1, 7))
def test_the_size_of_the_chunks_does_not_matter(
    coding: str, encode: Callable[[bytes], bytes], data: bytes, size: int
) -> None:
    packed = encode(data)
    chunks = [packed[at : at + size] for at in range(0, len(packed), size)]

    assert decode([coding], *chunks) == (data, None)


@every_coding
def test_a_stream_that_ends_early_is_truncated(
    coding: str, encode: Callable[[bytes], bytes]
) -> None:
    packed = encode(TEXT)

    for cut in (1, len(packed) // 2, len(packed) - 1):
        assert kind_of([coding], packed[:cut]) == ErrorClass.TRUNCATED


@every_coding
def test_an_output_beyond_the_limit_is_too_large(
    coding: str, encode: Callable[[bytes], bytes]
) -> None:
    bomb = encode(bytes(20_000_000))

    assert kind_of([coding], bomb, limit=1_000_000) == ErrorClass.TOO_LARGE
    assert decode([coding], encode(TEXT), limit=len(TEXT))[0] == TEXT


@every_coding
def test_no_bytes_at_all_are_an_empty_body(coding: str, encode: Callable[[bytes], bytes]) -> None:
    assert decode([coding]) == (b"", None)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_plain_bytes_under_a_label_are_kept_and_flagged(coding: str) -> None:
    assert decode([coding], b"<html>", b"plain</html>") == (b"<html>plain</html>", "not_encoded")


def test_plain_bytes_under_a_label_have_a_limit_too() -> None:
    assert kind_of(["gzip"], b"<html>", b"x" * 100, limit=50) == ErrorClass.TOO_LARGE


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_members_are_joined_and_junk_behind_the_last_is_ignored(
    pack: Callable[[bytes], bytes],
) -> None:
    coding = "gzip" if pack is gzip.compress else "zstd"
    packed = pack(b"one ") + pack(b"two")

    assert decode([coding], packed + b"\0\0junk", b"more junk") == (b"one two", None)


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_a_member_that_begins_in_a_piece_of_its_own_is_read(pack: Callable[[bytes], bytes]) -> None:
    # A server that compresses part by part sends each part as one.
    coding = "gzip" if pack is gzip.compress else "zstd"

    assert decode([coding], pack(b"one "), pack(b"two "), pack(b"three")) == (
        b"one two three",
        None,
    )


def test_a_second_member_that_ends_early_is_truncated() -> None:
    assert kind_of(["gzip"], gzip.compress(b"one") + gzip.compress(TEXT)[:-9]) == "truncated"


def test_a_zstd_stream_may_begin_with_a_skippable_frame() -> None:
    skippable = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"

    assert decode(["zstd"], skippable + zstd(TEXT)) == (TEXT, None)


def test_a_zstd_window_beyond_8_mib_is_unreadable() -> None:
    params = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=params).compressobj()
    packed = stream.compress(bytes(1000)) + stream.flush()

    assert kind_of(["zstd"], packed) == ErrorClass.UNREADABLE


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(TEXT)[:15] + b"\xff" * 40),
        ("gzip", gzip.compress(TEXT)[:-8] + bytes(8)),
        ("deflate", b"\x78\x9c" + b"\xff" * 40),
        ("br", b"\xff" * 40),
        ("zstd", zstd(TEXT)[:8] + b"\xff" * 40),
    ],
    ids=["gzip", "gzip-wrong-sum", "deflate", "br", "zstd"],
)
def test_a_broken_stream_is_unreadable(coding: str, data: bytes) -> None:
    assert kind_of([coding], data) == ErrorClass.UNREADABLE


def test_two_codings_are_undone_last_first() -> None:
    packed = brotli.compress(gzip.compress(TEXT))

    assert decode(parse_codings(["gzip", "br"]), packed[:9], packed[9:]) == (TEXT, None)


def test_the_inner_stream_of_two_is_checked_for_its_end() -> None:
    assert kind_of(["gzip", "gzip"], gzip.compress(gzip.compress(TEXT)[:-9])) == "truncated"


def test_more_than_two_codings_are_unreadable() -> None:
    assert kind_of(["gzip"] * 3, b"x") == ErrorClass.UNREADABLE
    assert kind_of(["gzip"] * 50, b"x") == ErrorClass.UNREADABLE


def test_codings_are_read_from_all_fields_in_order_without_identity() -> None:
    assert parse_codings(["GZIP , identity", "", "br,"]) == ["gzip", "br"]


def test_a_coding_that_nobody_knows_is_not_known() -> None:
    assert is_known(["gzip", "br"])
    assert not is_known(["gzip", "compress-o-matic"])


def test_only_what_can_be_undone_is_asked_for() -> None:
    assert accept_encoding() == "gzip, deflate, br, zstd"


def test_zlib_stands_in_where_isal_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "isal", None)
    for cached in (decoders._inflate, decoders._inflate_errors):
        cached.cache_clear()
    try:
        assert decode(["gzip"], gzip.compress(TEXT)) == (TEXT, None)
        assert kind_of(["gzip"], gzip.compress(TEXT)[:15] + b"\xff" * 40) == "unreadable"
    finally:
        for cached in (decoders._inflate, decoders._inflate_errors):
            cached.cache_clear()


@pytest.mark.parametrize(("version", "asked"), [("1.2.0", False), ("1.2.1", True), ("1.10", True)])
def test_brotli_is_asked_for_only_from_the_repaired_version_on(
    monkeypatch: pytest.MonkeyPatch, version: str, asked: bool
) -> None:
    monkeypatch.setattr("brotli.__version__", version)
    content_coding._known.cache_clear()
    try:
        assert is_known(["br"]) is asked
    finally:
        content_coding._known.cache_clear()
