"""Pictures of book covers in five formats, each book's bytes its own, the same every time.

PNG and SVG are drawn here. JPEG, GIF and WebP are a few files of the package with the book's code
put in where the format has room for a remark, so that no two are alike.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from importlib import resources

from crawler.practice.catalogue import COLOURS, Book
from crawler.practice.page import Page
from crawler.practice.timeline import midnight

_TYPES = {
    "gif": "image/gif", "jpg": "image/jpeg", "png": "image/png", "svg": "image/svg+xml",
    "webp": "image/webp",
}  # fmt: skip

_PNG_SIZE = (96, 128)


def picture(book: Book) -> Page:
    """Return the picture of a book's cover; it never changes."""
    kind = book.image.rpartition(".")[2]
    return Page(body=_MAKERS[kind](book), content_type=_TYPES[kind], modified=midnight(book.added))


def png_of(width: int, height: int, rgb: tuple[int, int, int], remark: str) -> bytes:
    """Return a PNG (RFC 2083): a frame of the colour, paler inside.

    Args:
        width: In pixels.
        height: In pixels.
        rgb: From 0 to 255 each.
        remark: Kept in a tEXt chunk; Latin-1.
    """
    pale = bytes((255 + value) // 2 for value in rgb)
    # Eight bits a pixel into a palette of two, no filter (0) on any line.
    edge = b"\0" + b"\0" * width
    line = b"\0" + b"\0" * 6 + b"\1" * max(0, width - 12) + b"\0" * min(6, max(0, width - 6))
    rows = [edge if y < 6 or y >= height - 6 else line[: width + 1] for y in range(height)]
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _png_chunk(b"tEXt", b"Comment\0" + remark.encode("latin-1")),
            _png_chunk(b"PLTE", bytes(rgb) + pale),
            _png_chunk(b"IDAT", zlib.compress(b"".join(rows))),
            _png_chunk(b"IEND", b""),
        )
    )


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def _png(book: Book) -> bytes:
    rgb = COLOURS[book.number % len(COLOURS)][1]
    return png_of(*_PNG_SIZE, rgb, book.upc)


def _svg(book: Book) -> bytes:
    red, green, blue = COLOURS[book.number % len(COLOURS)][1]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="320" viewBox="0 0 240 320">\n'
        f"<title>{escape(book.title)}</title><desc>{book.upc}</desc>\n"
        f'<rect width="240" height="320" fill="rgb({red},{green},{blue})"/>\n'
        '<circle cx="120" cy="190" r="48" fill="#faf5e6"/>\n</svg>\n'
    ).encode()


def _jpeg(book: Book) -> bytes:
    data = _file("plain.jpg" if book.number % 8 == 1 else "progressive.jpg")
    remark = book.upc.encode()
    # A COM segment right behind the start of image; its length counts itself.
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(remark) + 2) + remark + data[2:]


def _gif(book: Book) -> bytes:
    data = _file("plain.gif")
    remark = book.upc.encode()
    # A comment extension before the trailer; of GIF89a, so the file must say that it is one.
    comment = b"\x21\xfe" + bytes((len(remark),)) + remark + b"\0"
    return b"GIF89a" + data[6:-1] + comment + data[-1:]


def _webp(book: Book) -> bytes:
    data = _file("lossy.webp" if book.number % 8 == 3 else "lossless.webp")
    # The last chunk is the XMP metadata of an extended file, padded to an even length.
    start = data.rindex(b"XMP ")
    remark = f"<x>{book.upc}</x>\n".encode()
    body = data[8:start] + b"XMP " + struct.pack("<I", len(remark)) + remark
    return b"RIFF" + struct.pack("<I", len(body)) + body


_MAKERS: Mapping[str, Callable[[Book], bytes]] = {
    "gif": _gif, "jpg": _jpeg, "png": _png, "svg": _svg, "webp": _webp,
}  # fmt: skip


@cache
def _file(name: str) -> bytes:
    return (resources.files("crawler.practice") / "pictures" / name).read_bytes()
