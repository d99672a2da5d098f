"""Which parser a page goes to: the fast one, or the one that hostile markup cannot slow down.

lexbor's time grows faster than its input on three kinds of markup: formatting elements that are
never closed (10 KB of them take 0.3 s, 40 KB take 2 s), elements nested thousands deep, and tags
with thousands of attributes. The first two go to lxml, which is linear in them; the last is slow
in both, so such tags lose their attributes first.

The checks are cheap and take markup at its word: they end accidents and the known attacks, but a
page may be written to slip through (end tags hidden in attributes). Small pages are not checked,
as they cannot do much harm.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from itertools import islice

# Below this many bytes, or this many tags, the worst known markup takes about 20 ms.
_CHECKED_BYTES = 4096
_CHECKED_TAGS = 600
# Of 300 real pages all but two had fewer elements open than this at their end.
_MAX_OPEN = 400
# From here on the elements open at every point are counted, not only those at the end.
_PROFILED_TAGS = 6000
_PROFILE_STEP = 1000
# 2,000 attributes take 7 ms, 20,000 take 600 ms. They need at least two bytes each.
_MAX_ATTRIBUTES = 2000
_LONG_TAG = 8192

#: Tags of a page that are parsed, end tags included. An element takes some 350 bytes in a tree, and
#: pages that people read have some thousand.
MOST_TAGS = 300_000
#: Links that are looked at, three times as many as are ever taken.
MOST_ANCHORS = 60_000
_ANCHOR = re.compile(rb"<[aA][\s/]")
_TAG_START = re.compile(rb"<")

_NAME = re.compile(rb"</?[a-zA-Z][a-zA-Z0-9]*")
# One alternative for each thing that may hold a "<" which opens no tag. None of them can fail once
# begun, so that the whole is linear; the end of the page ends whatever is open.
_TAG = re.compile(
    rb"""<!--.*?(?:-->|\Z)
    |<(script|style|textarea|title)\b.*?(?:</\1|\Z)
    |<(?P<name>[a-zA-Z][^\s/>]{0,40})(?P<attributes>(?:[^>"']|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z))*+)>?""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_QUOTED = re.compile(rb"\"[^\"]*\"?|'[^']*'?")

# Elements that are never open, or that the next of their kind closes.
_NEVER_OPEN = frozenset(
    (
        b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta",
        b"param", b"source", b"track", b"wbr", b"p", b"li", b"dt", b"dd", b"tr", b"td", b"th",
        b"tbody", b"thead", b"tfoot", b"option", b"optgroup", b"html", b"head", b"body",
    )
)  # fmt: skip


class Route(enum.Enum):
    """Where a page is parsed."""

    FAST = "lexbor"
    STEADY = "lxml"


def route(body: bytes) -> Route:
    """Choose the parser of a UTF-8 page. 20 to 60 us for 50 KB."""
    if len(body) < _CHECKED_BYTES:
        return Route.FAST
    tags = body.count(b"<")
    if tags < _CHECKED_TAGS:
        return Route.FAST
    if tags < _PROFILED_TAGS and tags - 2 * body.count(b"</") < _MAX_OPEN:
        return Route.FAST
    return Route.STEADY if _most_open(body) > _MAX_OPEN else Route.FAST


def within_reason(body: bytes) -> bytes:
    """Return the part of a page that is parsed: up to `MOST_TAGS` tags; mostly `body` itself."""
    if len(body) < MOST_TAGS or body.count(b"<") <= MOST_TAGS:
        return body
    return _before(_TAG_START, body, MOST_TAGS)


def with_fewer_links(body: bytes) -> bytes:
    """Return the part of a page with its first `MOST_ANCHORS` links; mostly `body` itself."""
    if len(body) < MOST_ANCHORS or body.count(b"<a") + body.count(b"<A") < MOST_ANCHORS:
        return body
    return _before(_ANCHOR, body, MOST_ANCHORS)


def _before(what: re.Pattern[bytes], body: bytes, count: int) -> bytes:
    one_too_many = next(islice(what.finditer(body), count, None), None)
    return body if one_too_many is None else body[: one_too_many.start()]


def without_long_tags(body: bytes) -> bytes:
    """Return a page whose tags have at most about 2,000 attributes; `body` itself if it is one."""
    if not _has_long_gap(body):
        return body
    short = _TAG.sub(_shortened, body)
    return body if len(short) == len(body) else short


def _most_open(body: bytes) -> int:
    """Return the largest number of elements open at once, looking every 1,000 tags."""
    names = _NAME.findall(body)
    opened: Counter[bytes] = Counter()
    most = 0
    for start in range(0, len(names), _PROFILE_STEP):
        for tag, count in Counter(names[start : start + _PROFILE_STEP]).items():
            name = tag.lstrip(b"</").lower()
            opened[name] += -count if tag[1:2] == b"/" else count
        # An end tag without a start tag closes nothing, so it must not make up for a later one.
        opened = +opened
        most = max(most, sum(n for name, n in opened.items() if name not in _NEVER_OPEN))
    return most


def _has_long_gap(body: bytes) -> bool:
    return any(
        body.find(b">", start, start + _LONG_TAG) < 0
        for start in range(0, len(body) - _LONG_TAG, _LONG_TAG)
    )


def _shortened(found: re.Match[bytes]) -> bytes:
    whole = found.group()
    if len(whole) < _LONG_TAG or found["name"] is None:
        return whole
    names = _QUOTED.sub(b" ", found["attributes"]).replace(b"/", b" ").split()
    return b"<" + found["name"] + b">" if len(names) > _MAX_ATTRIBUTES else whole
