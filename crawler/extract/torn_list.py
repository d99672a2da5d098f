"""Entries of a sitemap or feed that is no XML (any more), found without a parser.

What breaks is nearly always one entry: a bare `&` in a URL, a control character in a title, or
the end that is missing. Every expression here stops at the next `<` or has a small bound, so that
the time it takes is in proportion to the document whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.extract.list_dates import latest_second
from crawler.extract.listed import ListedUrl

_ENTRY = re.compile(rb"<((?:[\w.-]{1,20}:)?)(url|sitemap|item|entry)(?=[\s>])", re.IGNORECASE)
_LINK = re.compile(
    rb"<((?:[\w.-]{1,20}:)?)(?:loc|link)>(?:\s{0,100}<!\[CDATA\[)?([^<]{1,8192})</", re.IGNORECASE
)
_ATOM_LINK = re.compile(rb"<((?:[\w.-]{1,20}:)?)link\s([^<>]{0,8192})>", re.IGNORECASE)
_HREF = re.compile(rb"\bhref\s{0,10}=\s{0,10}(?:\"([^\"]{1,8192})|'([^']{1,8192}))", re.IGNORECASE)
_REL = re.compile(rb"\brel\s{0,10}=\s{0,10}[\"']?(\w{1,40})", re.IGNORECASE)
_DATE = re.compile(
    rb"<(?:[\w.-]{1,20}:)?(?:publication_date|updated|pubDate|published|date|lastmod)>"
    rb"([^<]{1,60})</",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"&(amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
#: Bytes of one entry that are looked at.
_LONGEST_ENTRY = 64 * 1024


def read_torn(data: bytes, start: int = 0) -> Iterator[ListedUrl | None]:
    """Yield every entry in order; None stands for one whose URL is not there, or not complete.

    Args:
        data: The document.
        start: Byte at which to begin.
    """
    opened = _ENTRY.search(data, start)
    while opened is not None:
        following = _ENTRY.search(data, opened.end())
        end = len(data) if following is None else following.start()
        body = data[opened.end() : min(end, opened.end() + _LONGEST_ENTRY)]
        href = _link_in(body, opened.group(1))
        if href is None:
            yield None
        else:
            date = _DATE.search(body)
            second = None if date is None else latest_second(_text(date.group(1)))
            yield ListedUrl(href, opened.group(2).lower() == b"sitemap", second)
        opened = following


def _link_in(body: bytes, prefix: bytes) -> str | None:
    for match in _LINK.finditer(body):
        text = _text(match.group(2))
        if match.group(1) == prefix and text:
            return text
    for match in _ATOM_LINK.finditer(body):
        rel, href = _REL.search(match.group(2)), _HREF.search(match.group(2))
        named = rel.group(1).lower() if rel is not None else b"alternate"
        if match.group(1) == prefix and href is not None and named == b"alternate":
            return _text(href.group(1) or href.group(2))
    return None


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace").strip().removesuffix("]]>").strip()
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(reference: re.Match[str]) -> str:
    name = reference.group(1)
    if name[0] != "#":
        return _NAMED[name]
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    return chr(number) if number < 0x110000 else "\ufffd"
