"""Whether the data of a JPEG reach its end, which a decoder does not say.

Of a file that was cut, and closed with an end marker for the look of it, libjpeg leaves the rest
grey without an error that Pillow would pass on. So where a picture ends in just that grey, it is
decoded once more, with bytes put before its end: a decoder that has what it needs passes over them,
and one that lacks something takes them for it. One whose picture comes in several scans (ITU-T T.81
§G) is all there in a rough form long before: of that the scans are looked at, whether they bring
each coefficient to its last bit. A cut in the very last scan, which costs fine detail, is not seen.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from PIL import Image

#: What coefficients that never came amount to.
_GREY = (127, 128)
_START_OF_SCAN, _END = 0xDA, 0xD9
#: Frames in Huffman's code, one scan for all or for each component, and many scans.
_FRAMES, _IN_SCANS = frozenset((0xC0, 0xC1, 0xC2)), 0xC2
_NO_FRAMES = frozenset((0xC4, 0xC8, 0xCC))
#: A marker among the data of a scan that is none of those that belong there.
_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd9-\xfe]")
_COEFFICIENTS = 64
#: Segments of a file that are looked at, at most.
_MOST = 10_000
#: Enough for some blocks, and no marker among them.
_FILLING = random.Random(7).randbytes(2_048).replace(b"\xff", b"\x55")


class _Data(msgspec.Struct):
    """What a file is made of.

    Attributes:
        frame: Code of its frame; 0 for none that is known here.
        components: Identifiers of its components.
        end: Where the data of its last scan end; -1 if nothing says so.
        scans: Component, first and last coefficient, bits that are still to come of them.
    """

    frame: int = 0
    components: bytes = b""
    end: int = -1
    scans: list[tuple[int, int, int, int]] = msgspec.field(default_factory=list)


def ends_early(path: str, image: Image.Image) -> bool:
    """Tell whether data of a JPEG are missing at its end.

    Args:
        path: The file.
        image: The same, decoded, as it lies in it, in whatever part of its size.

    Raises:
        OSError: It cannot be read.
    """
    last = image.getpixel((image.width - 1, image.height - 1))
    grey = all(dot in _GREY for dot in (last if isinstance(last, tuple) else (last,)))
    in_scans = bool(image.info.get("progressive"))
    if not grey and not in_scans:
        return False
    body = Path(path).read_bytes()
    data = _data_of(body)
    if data.frame not in _FRAMES or data.end < 0:
        return False
    if data.frame == _IN_SCANS and not _brings_all(data):
        return True
    return grey and _takes_more(body, data.end, image)


def _takes_more(body: bytes, end: int, image: Image.Image) -> bool:
    """Tell whether a decoder uses bytes that are put before the end."""
    longer = io.BytesIO(body[:end] + _FILLING + body[end:])
    with Image.open(longer, formats=("JPEG",)) as other:
        part = max(1, round(other.width / image.width))
        other.draft(None, (max(1, other.width // part), max(1, other.height // part)))
        try:
            other.load()
        except OSError:
            return False  # that proves nothing
        return other.size == image.size and other.tobytes() != image.tobytes()


def _brings_all(data: _Data) -> bool:
    """Tell whether scans bring every coefficient of every component to its last bit."""
    left = {(one, at) for one in data.components for at in range(_COEFFICIENTS)}
    for component, first, last, low in data.scans:
        if not low:
            left -= {(component, at) for at in range(first, last + 1)}
    return not left


def _data_of(body: bytes) -> _Data:
    data = _Data()
    for code, begin, end in _segments(body):
        if code == _END:
            data.end = begin
        elif code == _START_OF_SCAN:
            data.scans += _scan(body[begin:end])
        elif 0xC0 <= code <= 0xCF and code not in _NO_FRAMES:
            data.frame, data.components = code, body[begin + 6 : end : 3]
    return data


def _scan(header: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield the components of a scan (§B.2.3), each with what it brings."""
    count = header[0] if header else 0
    if len(header) >= 4 + 2 * count:
        first, last, bits = header[1 + 2 * count : 4 + 2 * count]
        for component in header[1 : 1 + 2 * count : 2]:
            yield component, first, last, bits & 0x0F


def _segments(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the code of each marker, and where what it begins begins and ends; the end last."""
    at = 2
    for _ in range(_MOST):
        found = _MARKER.search(body, at)
        if found is None:
            return
        code, begin = body[found.end() - 1], found.end() + 2
        if code == _END:
            yield code, found.start(), found.start()
            return
        at = begin + max(0, int.from_bytes(body[begin - 2 : begin], "big") - 2)
        yield code, begin, at
