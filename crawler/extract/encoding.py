"""Which character encoding a body is in, and its text.

The order is that of browsers, with a detector for what they leave to the user's locale: byte
order mark, `Content-Type`, a `meta` element within the first 1,024 bytes, UTF-8 if the body is
valid UTF-8, the detector, windows-1252. Labels mean what the WHATWG Encoding standard says, so
`latin-1` is windows-1252; a label it does not know is passed over. Nothing here raises.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from functools import lru_cache
from typing import NamedTuple

#: Bytes in which a `meta` element may declare the encoding (WHATWG HTML §13.2.3.2).
PRESCAN_BYTES = 1024
#: Bytes the detector looks at; more makes it slower, hardly better.
DETECTOR_BYTES = 65_536
#: Stands for a label whose bytes must not be read as text: they become one U+FFFD.
REPLACEMENT = "replacement"

#: Bytes that are decoded at once only to see that they can be.
_PIECE = 1 << 20

_FALLBACK = "cp1252"
_UTF_8_LABELS = frozenset(("utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8"))
# WHATWG Encoding §4.2: encodings with which a page could hide markup from whoever checks it.
_REPLACEMENT_LABELS = frozenset(
    ("csiso2022kr", "hz-gb-2312", "iso-2022-cn", "iso-2022-cn-ext", "iso-2022-kr", REPLACEMENT)
)
# Python's codecs of these names lack characters which browsers read.
# The last is none of its own; browsers read it as windows-1252 in a page (WHATWG HTML §13.2.3.2).
_WIDER = {
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "gbk": "gb18030",
    "x_user_defined": _FALLBACK,
}

_HEADER_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"<meta[\s/][^>]{0,512}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.+-]{1,40})", re.IGNORECASE
)
_XML_ENCODING = re.compile(rb"^<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([a-zA-Z0-9_:.-]{1,40})")
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)


class Charset(NamedTuple):
    """A decision: the codec's Python name and how it was found.

    Attributes:
        codec: A name for `bytes.decode`, or `REPLACEMENT`.
        mark: Bytes of the byte order mark, to be cut off.
        guessed: True when nothing declared it.
    """

    codec: str
    mark: int = 0
    guessed: bool = False


class Text(NamedTuple):
    """A decoded body.

    Attributes:
        text: Its characters; U+FFFD stands where bytes were no characters.
        flags: "charset_guessed" and "charset_errors", as far as they apply.
    """

    text: str
    flags: tuple[str, ...] = ()


UTF_8 = Charset("utf-8")


def detect(body: bytes, content_type: str = "") -> Charset:
    """Decide in which encoding a body is.

    Args:
        body: The body, content coding removed.
        content_type: The whole `Content-Type` field, "" when there is none.
    """
    marked = _byte_order_mark(body)
    if marked is not None:
        return marked
    declared = _from_header(content_type) or _from_markup(body)
    if declared is not None:
        return UTF_8 if declared == "utf-8" else Charset(declared)
    if is_utf_8(body):
        return UTF_8
    return Charset(_guess(body), guessed=True)


def decode(body: bytes, charset: Charset) -> Text:
    """Return the text of a body; what cannot be read in the encoding is replaced."""
    flags = ("charset_guessed",) if charset.guessed else ()
    if charset.codec == REPLACEMENT:
        return Text("\ufffd" if body else "", (*flags, "charset_errors"))
    raw = body[charset.mark :] if charset.mark else body
    try:
        return Text(raw.decode(charset.codec), flags)
    except UnicodeError:
        return Text(raw.decode(charset.codec, "replace"), (*flags, "charset_errors"))


@lru_cache(maxsize=256)
def codec_of(label: str) -> str | None:
    """Return the Python codec of a WHATWG label; None for one that the standard does not know."""
    label = label.strip("\t\n\f\r ").lower()
    if label in _UTF_8_LABELS:
        return "utf-8"
    if label in _REPLACEMENT_LABELS:
        return REPLACEMENT
    # Nine in ten pages are UTF-8 and never need the table.
    import webencodings  # type: ignore[import-untyped]  # it ships no types

    found = webencodings.lookup(label)
    if found is None:
        return None
    codec: str = found.codec_info.name
    return _WIDER.get(codec.replace("-", "_"), codec)


def _byte_order_mark(body: bytes) -> Charset | None:
    if body[:3] == b"\xef\xbb\xbf":
        return Charset("utf-8", 3)
    if body[:2] == b"\xfe\xff":
        return Charset("utf-16-be", 2)
    if body[:2] == b"\xff\xfe":
        return Charset("utf-16-le", 2)
    return None


@lru_cache(maxsize=256)
def _from_header(content_type: str) -> str | None:
    found = _HEADER_CHARSET.search(content_type)
    return codec_of(found.group(1)) if found else None


def _from_markup(body: bytes) -> str | None:
    head = body[:PRESCAN_BYTES]
    if b"<!--" in head:
        head = _COMMENT.sub(b"", head)
    found = _META_CHARSET.search(head) or _XML_ENCODING.match(head)
    if found is None:
        return None
    codec = codec_of(found.group(1).decode("ascii"))
    # That the declaration could be read at all shows that the body is not UTF-16.
    return "utf-8" if codec is not None and codec.startswith("utf-16") else codec


def is_utf_8(body: bytes) -> bool:
    """Tell whether a body is valid UTF-8."""
    if body.isascii():
        return True
    if len(body) > _PIECE:
        return _is_utf_8_in_pieces(body)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_utf_8_in_pieces(body: bytes) -> bool:
    # A text may take four times the memory of its bytes.
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _PIECE):
            decoder.decode(body[start : start + _PIECE])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _guess(body: bytes) -> str:
    import cchardet

    label = cchardet.detect(body[:DETECTOR_BYTES])["encoding"]
    codec = codec_of(label) if label else None
    # Strict UTF-8 has been ruled out, and nobody means the replacement encoding.
    return codec if codec not in (None, "utf-8", REPLACEMENT) and codec is not None else _FALLBACK
