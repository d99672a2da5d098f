"""What a file is by its first bytes, and how many pixels it would have; nothing is decoded.

The names that servers give are not to be trusted (WHATWG MIME Sniffing §6.1 has the reasons and
most of the signatures), and a picture of 50,000 by 50,000 pixels fits into some kilobytes: what it
would take must be known before a decoder sees it. All that is read here is bounded.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import msgspec

#: Bytes that are enough for every signature.
_HEAD = 64
#: Parts of a file that are passed over on the way to its size, at most.
_MAX_PARTS = 1_000
#: Bytes that are read at a time in search of the end of a picture, and in all: phones put films
#: behind it.
_BLOCK = 64 << 10
#: Bytes that are looked at first: mostly it is there.
_LAST = 64
_MAX_TAIL = 64 << 20
#: Bytes of a part of a HEIF file that are held.
_MAX_META = 1 << 20


class Look(msgspec.Struct, frozen=True, gc=False):
    """What a file is.

    Attributes:
        media_type: By its bytes, "" for none that is known here.
        width: In pixels; None where that is not known.
        height: The same.
        broken: Why the size of a picture cannot be read; "" if it can, or if it is no picture.
    """

    media_type: str = ""
    width: int | None = None
    height: int | None = None
    broken: str = ""


class _Broken(Exception):
    """A file ends, or has something else, where its size should be."""


def look_at(file: BinaryIO) -> Look:
    """Say what a file is.

    Args:
        file: At any place; where it is left is not said.

    Raises:
        OSError: It cannot be read.
    """
    file.seek(0)
    head = file.read(_HEAD)
    media_type = _type_of(head)
    if not media_type and _is_svg(head, file):
        return Look("image/svg+xml")
    reader = _SIZES.get(media_type)
    if reader is None:
        return Look(media_type)
    try:
        width, height = reader(file, head)
    except (_Broken, struct.error):
        return Look(media_type, broken="it ends, or is damaged, before it says how large it is")
    if width < 1 or height < 1:
        return Look(media_type, broken=f"it says that it has {width} x {height} pixels")
    if _is_cut(file, head, media_type):
        return Look(media_type, width, height, broken="its end is missing")
    return Look(media_type, width, height)


def _type_of(head: bytes) -> str:
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _brand_of(head)
    return ""


_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
)
_MAIN_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic",
                b"heix": "image/heic", b"mif1": "image/heif"}  # fmt: skip


def _brand_of(head: bytes) -> str:
    """Say what a file of boxes is (ISO/IEC 14496-12 §4.3), by its brand."""
    length = min(struct.unpack(">I", head[:4])[0], len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length, 4))]
    if brands[0] == b"mif1" and b"avif" in brands:
        return "image/avif"
    return _MAIN_BRANDS.get(brands[0], "video/mp4")


def _is_svg(head: bytes, file: BinaryIO) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith((b"<?xml", b"<svg", b"<!--", b"<!DOCTYPE svg")):
        return False
    file.seek(0)
    return b"<svg" in file.read(4096)


def _png(file: BinaryIO, head: bytes) -> tuple[int, int]:
    if head[12:16] != b"IHDR":
        raise _Broken
    return _pair(">II", head, 16)


def _gif(file: BinaryIO, head: bytes) -> tuple[int, int]:
    return _pair("<HH", head, 6)


def _bmp(file: BinaryIO, head: bytes) -> tuple[int, int]:
    if struct.unpack_from("<I", head, 14)[0] == 12:  # the oldest header
        return _pair("<HH", head, 18)
    width, height = _pair("<ii", head, 18)
    return width, abs(height)


def _jpeg(file: BinaryIO, head: bytes) -> tuple[int, int]:
    """Find the frame header (ITU-T T.81 §B.2.2), behind profiles and comments."""
    at = 2
    for _ in range(_MAX_PARTS):
        file.seek(at)
        mark = file.read(9)
        if len(mark) < 4 or mark[0] != 0xFF:
            raise _Broken
        code = mark[1]
        if code == 0xFF:  # fill
            at += 1
        elif code == 0x01 or 0xD0 <= code <= 0xD8:  # these stand alone
            at += 2
        elif 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            height, width = _pair(">HH", mark, 5)
            return width, height
        elif code in (0xD9, 0xDA):
            raise _Broken
        else:
            at += 2 + struct.unpack_from(">H", mark, 2)[0]
    raise _Broken


def _webp(file: BinaryIO, head: bytes) -> tuple[int, int]:
    """Read the first chunk (RFC 9649 §2.5-2.7)."""
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(_part(head, 24, 27), "little"), 1 + int.from_bytes(
            _part(head, 27, 30), "little"
        )
    if kind == b"VP8L" and head[20:21] == b"\x2f":
        bits = struct.unpack_from("<I", head, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = _pair("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise _Broken


def _tiff(file: BinaryIO, head: bytes) -> tuple[int, int]:
    """Read the first directory (TIFF 6.0 §2)."""
    order = "<" if head[:2] == b"II" else ">"
    file.seek(struct.unpack_from(f"{order}I", head, 4)[0])
    count = struct.unpack(f"{order}H", _read(file, 2))[0]
    found: dict[int, int] = {}
    for _ in range(min(count, _MAX_PARTS)):
        tag, kind = struct.unpack(f"{order}HH", _read(file, 4))
        rest = _read(file, 8)
        if tag in (256, 257):
            found[tag] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", rest, 4)[0]
    if len(found) < 2:
        raise _Broken
    return found[256], found[257]


def _heif(file: BinaryIO, head: bytes) -> tuple[int, int]:
    """Take the largest `ispe` of the `meta` box (ISO/IEC 23008-12 §6.5.3): tiles have one, too."""
    at = 0
    for _ in range(_MAX_PARTS):
        file.seek(at)
        length, kind = struct.unpack(">I4s", _read(file, 8))
        if kind == b"meta":
            return _largest(file.read(min(max(0, length - 8), _MAX_META)))
        if length < 8:
            raise _Broken
        at += length
    raise _Broken


def _largest(meta: bytes) -> tuple[int, int]:
    sizes: list[tuple[int, int]] = []
    at = meta.find(b"ispe")
    while at >= 0 and len(sizes) < _MAX_PARTS and at + 16 <= len(meta):
        sizes.append(_pair(">II", meta, at + 8))
        at = meta.find(b"ispe", at + 16)
    if not sizes:
        raise _Broken
    return max(sizes, key=lambda size: size[0] * size[1])


def _is_cut(file: BinaryIO, head: bytes, media_type: str) -> bool:
    """Tell whether a picture whose format marks its end has none, or ends before the size it names.

    Cameras and editors put things behind the end, so that it may lie before that of the file.
    """
    size = file.seek(0, 2)
    if media_type == "image/webp":
        return size < 8 + int(struct.unpack_from("<I", head, 4)[0])
    mark = _ENDS.get(media_type)
    if mark is None:
        return False
    at, block = size, _LAST
    while at > 0:
        begin, block = max(0, at - block), _BLOCK
        file.seek(begin)
        if mark in file.read(at - begin + len(mark)):
            return False
        at = begin
        if size - at > _MAX_TAIL:
            return True
    return True


_ENDS = {"image/png": b"IEND", "image/jpeg": b"\xff\xd9"}


def _pair(form: str, data: bytes, at: int) -> tuple[int, int]:
    first, second = struct.unpack_from(form, data, at)
    return first, second


def _part(data: bytes, begin: int, end: int) -> bytes:
    if len(data) < end:
        raise _Broken
    return data[begin:end]


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise _Broken
    return data


_SIZES = {
    "image/png": _png,
    "image/gif": _gif,
    "image/bmp": _bmp,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
    "image/tiff": _tiff,
    "image/avif": _heif,
    "image/heic": _heif,
    "image/heif": _heif,
}

_ENDINGS = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
    "image/avif": ".avif", "image/bmp": ".bmp", "image/tiff": ".tiff", "image/svg+xml": ".svg",
    "image/heic": ".heic", "image/heif": ".heif", "application/pdf": ".pdf",
    "application/zip": ".zip", "application/gzip": ".gz", "video/mp4": ".mp4",
    "video/webm": ".webm", "application/ogg": ".ogg", "audio/mpeg": ".mp3",
}  # fmt: skip


def ending_of(media_type: str) -> str:
    """Return what the name of a file of a media type ends in; "" for none that is known here."""
    return _ENDINGS.get(media_type, "")
