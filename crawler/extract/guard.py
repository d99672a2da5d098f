"""How much of a page is parsed: what no reader of it could need is left out first.

turbohtml, which reads the links, is linear in all markup that is known to slow parsers down. lxml,
which makes the trees for selectors, is not in one: tags with thousands of attributes, so that such
tags lose their attributes. Both take memory for each element, hence a number of tags and of links
beyond which a page is not read.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import AnyStr

# 2,000 attributes take 7 ms, 20,000 take 600 ms. They need at least two bytes each.
_MAX_ATTRIBUTES = 2000
_LONG_TAG = 8192

#: Tags of a page that are parsed, end tags included. An element takes some 350 bytes in a tree, and
#: pages that people read have some thousand.
MOST_TAGS = 300_000
#: Links that are looked at, three times as many as are ever taken.
MOST_ANCHORS = 60_000
#: The shortest tag, `<b>`, and the shortest link, `<a href>`: smaller pages need not be counted.
_TAG_SIZE, _LINK_SIZE = 3, 8
_ANCHOR = re.compile(r"<[aA][\s/]")
_TAG_START = re.compile(r"<")
_TAG_START_BYTES = re.compile(rb"<")

# One alternative for each thing that may hold a "<" which opens no tag. None of them can fail once
# begun, so that the whole is linear; the end of the page ends whatever is open.
_TAG = re.compile(
    rb"""<!--.*?(?:-->|\Z)
    |<(script|style|textarea|title)\b.*?(?:</\1|\Z)
    |<(?P<name>[a-zA-Z][^\s/>]{0,40})(?P<attributes>(?:[^>"']|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z))*+)>?""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_QUOTED = re.compile(rb"\"[^\"]*\"?|'[^']*'?")


def within_reason(markup: AnyStr) -> AnyStr:
    """Return the part of a page that is parsed: up to `MOST_TAGS` tags; mostly all of it."""
    if len(markup) < MOST_TAGS * _TAG_SIZE:
        return markup
    if isinstance(markup, str):
        return _before(_TAG_START, markup) if markup.count("<") > MOST_TAGS else markup
    return _before(_TAG_START_BYTES, markup) if markup.count(b"<") > MOST_TAGS else markup


def with_fewer_links(text: str) -> str:
    """Return the part of a page with its first `MOST_ANCHORS` links; mostly all of it."""
    if len(text) < MOST_ANCHORS * _LINK_SIZE or text.count("<a") + text.count("<A") < MOST_ANCHORS:
        return text
    return _before(_ANCHOR, text, MOST_ANCHORS)


def _before(what: re.Pattern[AnyStr], markup: AnyStr, count: int = MOST_TAGS) -> AnyStr:
    one_too_many = next(islice(what.finditer(markup), count, None), None)
    return markup if one_too_many is None else markup[: one_too_many.start()]


def without_long_tags(body: bytes) -> bytes:
    """Return a page whose tags have at most about 2,000 attributes; `body` itself if it is one."""
    if not _has_long_gap(body):
        return body
    short = _TAG.sub(_shortened, body)
    return body if len(short) == len(body) else short


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
