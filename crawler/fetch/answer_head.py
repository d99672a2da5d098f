"""The head of an HTTP/1 answer, parsed: what a client needs that reads answers by itself.

As strict, and as lenient, as the parser under aiohttp, so that a server is judged alike whichever
client asks it. The standard library's own parser is not used: it takes a hundred fields at most,
reads them as mail, and forgives what makes two readers disagree. Numbers in comments are of
RFC 9112.
"""

from __future__ import annotations

import enum
import re

import msgspec

from crawler.fetch.answer import Head, is_chunked
from crawler.fetch.connect_failure import not_http
from crawler.fetch.limits import MAX_FIELD, MAX_FIELDS, MAX_LINE
from crawler.messages import last_type

# 0.9 in a status line is some server's idea of 1.0; 2.0 that of a gateway.
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]|0\.9|2\.0) ([0-9]{3})(?: [^\r]*)?", re.DOTALL)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_OLD = frozenset((b"1.0", b"0.9"))

HEAD_TOO_LARGE = "the header is over the size limit"
TOO_MANY_FIELDS = f"there are more than {MAX_FIELDS} header fields"

Fields = list[tuple[bytes, bytes]]


class MalformedAnswer(Exception):
    """What came is no HTTP, or cannot be read in one way only."""


class HeadTooLarge(MalformedAnswer):
    """A head, or a line of it, is over the size limit."""


class Framing(enum.Enum):
    """What says where a body ends."""

    NO_BODY = enum.auto()
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    UNTIL_CLOSE = enum.auto()


class AnswerHead(msgspec.Struct, frozen=True, gc=False):
    """One head.

    Attributes:
        status: The status, 0 to 999.
        fields: Raw pairs in order, names as they came, values without space around them.
        is_kept: The connection may be used again once the body is read.
        framing: How the body ends, apart from what the request or the status says of it.
        length: Bytes of the body; 0 unless `framing` is LENGTH.
        content_type: The Content-Type field that counts, "" for none.
        codings: The Content-Encoding fields.
        has_location: There is a Location field.
    """

    status: int
    fields: Fields
    is_kept: bool
    framing: Framing
    length: int
    content_type: str
    codings: tuple[str, ...]
    has_location: bool

    def as_head(self) -> Head:
        """Return what decides about the body."""
        return Head(
            self.status,
            self.content_type,
            self.length if self.framing is Framing.LENGTH else None,
            self.codings,
            self.has_location,
            self.framing is not Framing.UNTIL_CLOSE,
        )


def parse_head(block: bytes) -> AnswerHead:
    """Parse a head.

    Args:
        block: Status line and fields, the last line with its end, without the empty line.

    Raises:
        MalformedAnswer: It breaks the grammar; HeadTooLarge, a limit.
    """
    first, _, rest = block.partition(b"\n")
    line = _STATUS_LINE.fullmatch(first.removesuffix(b"\r"))
    if len(first) > MAX_LINE:
        raise HeadTooLarge(HEAD_TOO_LARGE)
    if line is None:
        is_http = first.startswith(b"HTTP/")
        raise MalformedAnswer("bad status line" if is_http else not_http(first))
    fields = parse_fields(rest)
    named: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        named.setdefault(name.lower(), []).append(value)
    framing, length = _framing(named)
    tokens = b",".join(named.get(b"connection", ())).lower().replace(b" ", b"").split(b",")
    types = [_text(value) for value in named.get(b"content-type", ())]
    return AnswerHead(
        status=int(line[2]),
        fields=fields,
        is_kept=b"keep-alive" in tokens if line[1] in _OLD else b"close" not in tokens,
        framing=framing,
        length=length,
        content_type=last_type(types),
        codings=tuple(_text(value) for value in named.get(b"content-encoding", ())),
        has_location=b"location" in named,
    )


def parse_fields(block: bytes) -> Fields:
    """Parse header or trailer fields; a folded one is unfolded (§5.2).

    Raises:
        MalformedAnswer: A line is no field; HeadTooLarge, over a limit.
    """
    fields: Fields = []
    for raw in block.split(b"\n"):
        line = raw.removesuffix(b"\r")
        if not line:
            continue  # behind the last line
        if len(line) > MAX_FIELD:
            raise HeadTooLarge(HEAD_TOO_LARGE)
        if b"\0" in line or b"\r" in line:
            raise MalformedAnswer("a header field holds NUL or CR")
        if line[0] in b" \t" and fields:
            name, value = fields[-1]
            if len(value) + len(line) > MAX_FIELD:
                raise HeadTooLarge(HEAD_TOO_LARGE)
            fields[-1] = (name, (value + line).strip(b" \t"))
            continue
        name, colon, value = line.partition(b":")
        name = name.lstrip(b" \t") if not fields else name
        if not colon or not _NAME.fullmatch(name):
            raise MalformedAnswer("a header field has no name, or an impossible one")
        fields.append((name, value.strip(b" \t")))
        if len(fields) > MAX_FIELDS:
            raise HeadTooLarge(TOO_MANY_FIELDS)
    return fields


def _framing(named: dict[bytes, list[bytes]]) -> tuple[Framing, int]:
    lengths = named.get(b"content-length")
    codings = named.get(b"transfer-encoding")
    if lengths is not None and codings is not None:
        # §6.3: one reader goes by this, another by that; here is where smuggling begins.
        raise MalformedAnswer("there are both a Content-Length and a Transfer-Encoding")
    if codings is not None:
        chunked = is_chunked([_text(value) for value in codings])
        return (Framing.CHUNKED if chunked else Framing.UNTIL_CLOSE), 0
    if lengths is None:
        return Framing.UNTIL_CLOSE, 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise MalformedAnswer("the Content-Length is not one number")
    return Framing.LENGTH, int(lengths[0])


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
