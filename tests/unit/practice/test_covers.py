from __future__ import annotations

import struct
import zlib
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from crawler.practice.covers import png_of
from crawler.practice.page import Page, Visit
from crawler.practice.site import Shop


def covers(kind: str = "") -> list[Page]:
    shop = Shop()
    return [shop.answer(Visit(path=book.image)) for book in shop.books if book.image.endswith(kind)]


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, place = [], 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", data, place + 8 + length) == (zlib.crc32(kind + body),)
        found.append((kind, body))
        place += length + 12
    return found


def test_there_are_five_kinds_and_no_two_pictures_are_alike() -> None:
    pages = covers()

    assert Counter(page.content_type for page in pages) == {
        "image/jpeg": 50, "image/png": 50, "image/webp": 50, "image/gif": 25, "image/svg+xml": 25
    }  # fmt: skip
    assert len({page.body for page in pages}) == 200


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert covers() == covers()


def test_a_png_has_the_lines_it_promises() -> None:
    chunks = dict(png_chunks(covers("png")[0].body))
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])

    assert (width, height) == (96, 128)
    assert len(zlib.decompress(chunks[b"IDAT"])) == (width + 1) * height


@pytest.mark.parametrize("width", [1, 5, 11, 12, 13])
def test_a_small_png_has_the_lines_it_promises_too(width: int) -> None:
    chunks = dict(png_chunks(png_of(width, 20, (1, 2, 3), "")))

    assert len(zlib.decompress(chunks[b"IDAT"])) == (width + 1) * 20


def test_a_jpeg_carries_its_remark_right_behind_the_start() -> None:
    shop = Shop()
    book = next(book for book in shop.books if book.image.endswith("jpg"))

    body = shop.answer(Visit(path=book.image)).body

    assert body[:4] == b"\xff\xd8\xff\xfe"
    assert body[4:6] == (len(book.upc) + 2).to_bytes(2, "big")
    assert body[6:22] == book.upc.encode()
    assert body[22:24] == b"\xff\xe0"  # the first segment of the file itself
    assert body[-2:] == b"\xff\xd9"


def test_a_webp_says_its_own_length_and_so_do_its_chunks() -> None:
    for page in covers("webp"):
        body, place, kinds = page.body, 12, []
        while place < len(body):
            kinds.append(body[place : place + 4])
            (length,) = struct.unpack_from("<I", body, place + 4)
            place += 8 + length + length % 2

        assert struct.unpack_from("<I", body, 4) == (len(body) - 8,)
        assert place == len(body)
        assert (kinds[0], kinds[-1]) == (b"VP8X", b"XMP ")


def test_a_gif_ends_with_its_trailer_behind_the_comment() -> None:
    for page in covers("gif"):
        assert page.body[:6] == b"GIF89a"
        assert page.body[-21:-18] == b"\x21\xfe\x10"
        assert page.body[-2:] == b"\0;"


def test_an_svg_is_well_formed_whatever_the_title() -> None:
    for page in covers("svg"):
        assert ET.fromstring(page.body).tag == "{http://www.w3.org/2000/svg}svg"
