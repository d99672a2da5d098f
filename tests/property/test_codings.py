"""Content codings that are cut, corrupted, chained or mislabelled."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import FetchError
from crawler.extract.gunzip import gunzip
from crawler.fetch.content_coding import decoder_for, is_known, parse_codings
from crawler.outcome import ErrorClass
from tests.property.examples import examples

URL = "http://example.org/"
LIMIT = 20_000
OURS = {ErrorClass.TRUNCATED, ErrorClass.TOO_LARGE, ErrorClass.UNREADABLE}
ENCODE: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
}

codings = st.lists(st.sampled_from(sorted(ENCODE)), min_size=1, max_size=2)
bodies = st.binary(max_size=200) | st.builds(
    lambda piece, times: piece * times, st.binary(max_size=9), st.integers(0, 9_000)
)


@st.composite
def members(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    """Draw a coding that allows members one behind the other, some of them, and what they hold."""
    name = draw(st.sampled_from(["gzip", "zstd"]))
    parts = draw(st.lists(bodies, min_size=1, max_size=4))
    return name, b"".join(ENCODE[name](one) for one in parts), b"".join(parts)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[str], bytes]:
    """Draw codings, and a body in them that was cut or changed or is something else."""
    names = draw(codings)
    data = draw(bodies)
    for name in names:
        data = ENCODE[name](data)
    raw = bytearray(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)
    for place in draw(st.lists(st.integers(0, 1 << 16), max_size=3)):
        if raw:
            raw[place % len(raw)] = draw(st.integers(0, 255))
    tail = draw(st.binary(max_size=20))
    return (names if draw(st.booleans()) else draw(codings)), bytes(raw) + tail


def decoded(names: list[str], data: bytes, step: int) -> tuple[bytes, str | None, str | None]:
    """Return what came, the flag, and the class of the error."""
    decoder = decoder_for(names, URL)
    taken = b""
    try:
        for start in range(0, len(data), step):
            taken += decoder.feed(data[start : start + step], LIMIT - len(taken))
            assert len(taken) <= LIMIT
        decoder.finish()
    except FetchError as error:
        return taken, decoder.flag, error.kind
    return taken, decoder.flag, None


@examples()
@given(damaged())
def test_what_is_damaged_is_an_error_of_ours_or_within_the_limit(
    case: tuple[list[str], bytes],
) -> None:
    _, _, error = decoded(*case, step=1 << 16)

    assert error is None or error in OURS


@examples()
@given(damaged(), st.integers(1, 40))
def test_how_it_is_cut_into_pieces_does_not_matter(
    case: tuple[list[str], bytes], step: int
) -> None:
    _, flag, whole = decoded(*case, step=1 << 16)
    _, piece_flag, pieces = decoded(*case, step=step)

    # Which of two things that are wrong is met first may depend on it; that one is, may not.
    assert (pieces is None, piece_flag if pieces is None else None) == (
        whole is None,
        flag if whole is None else None,
    )


@examples()
@given(members(), st.integers(1, 40), st.sampled_from([b"", b"\x1f", b"\0", b"\0\0\0\0\0"]))
def test_every_member_is_read_wherever_the_pieces_part(
    case: tuple[str, bytes, bytes], step: int, junk: bytes
) -> None:
    name, data, held = case

    taken, flag, error = decoded([name], data + junk, step)

    if len(held) <= LIMIT:
        assert (taken, flag, error) == (held, None, None)
    else:
        assert error == ErrorClass.TOO_LARGE


@examples()
@given(st.lists(st.text(max_size=30) | st.sampled_from(["gzip", "br, gzip", "identity", ",,"])))
def test_any_field_names_codings_that_are_known_or_not(values: list[str]) -> None:
    names = parse_codings(values)

    assert "identity" not in names
    assert all(name and name == name.strip() for name in names)
    if names and is_known(names) and len(names) <= 2:
        decoder_for(names, URL).feed(b"x", LIMIT)


@examples()
@given(damaged(), st.integers(0, 5_000))
def test_a_gzipped_file_keeps_what_came_before_its_damage(
    case: tuple[list[str], bytes], limit: int
) -> None:
    found = gunzip(b"\x1f\x8b" + case[1], limit)

    assert len(found.data) <= limit
