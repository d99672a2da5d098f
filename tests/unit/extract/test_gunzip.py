from __future__ import annotations

import gzip
import random

import pytest

from crawler.extract.encoding import is_utf_8
from crawler.extract.gunzip import gunzip

MIB = 1 << 20


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_what_was_packed_comes_out_whole_whatever_its_size(size: int) -> None:
    for raw in (bytes(size), noise(size)):
        packed = gzip.compress(raw, 1)

        assert gunzip(packed, size) == (raw, "")
        assert gunzip(packed + packed, 2 * size) == (raw + raw, "")
        assert gunzip(packed[:-9], size).defect != ""


@pytest.mark.parametrize("size", [1, MIB, 3 * MIB])
def test_no_byte_beyond_the_bound_comes_out(size: int) -> None:
    found = gunzip(gzip.compress(bytes(size), 1), size - 1)

    assert found.data == bytes(size - 1)
    assert found.defect.startswith("cut at")


@pytest.mark.parametrize(("tail", "valid"), [("é", True), ("\udce9", False)])
def test_a_large_text_is_utf_8_or_not_wherever_its_odd_byte_stands(tail: str, valid: bool) -> None:
    for before in (MIB - 1, MIB, 2 * MIB + 1):
        body = b"x" * before + tail.encode("utf-8", "surrogateescape") + b"x"

        assert is_utf_8(body) is valid
