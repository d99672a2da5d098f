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
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
}

codings = st.lists(st.sampled_from(sorted(ENCODE)), min_size=1, max_size=2)
bodies = st.binary(max_size=200) | st.builds(
    lambda piece, times: piece * times, st.binary(max_size=9), st.integers(0, 9_000)
)


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
