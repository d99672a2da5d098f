"""What kind of document a body is, by its media type or, where none is given, by its beginning."""

from __future__ import annotations

import enum
import re

_HTML_TYPES = frozenset(("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"))
_TEXT_TYPES = frozenset(
    ("application/javascript", "application/x-javascript", "application/ecmascript")
)
# WHATWG MIME Sniffing §7: only these may be overruled by what the body looks like. An image or
# a download that happens to hold markup is no page.
_UNKNOWN_TYPES = frozenset(("", "unknown/unknown", "application/unknown", "*/*"))

_SNIFFED_BYTES = 1445  # as far as the standard's resource header goes
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
# MIME Sniffing §7.1: markup that is HTML when white space or ">" follows.
_HTML_START = re.compile(
    rb"\s*(?:<!doctype html|<html|<head|<script|<iframe|<h1|<div|<font|<table|<a|<style|<title|<b|"
    rb"<body|<br|<p|<meta)[\s>]|\s*<!--",
    re.IGNORECASE,
)


class Kind(enum.Enum):
    """Kinds of documents that are treated differently."""

    HTML = "html"
    XML = "xml"
    JSON = "json"
    TEXT = "text"
    BINARY = "binary"


def kind_of(media_type: str, body: bytes = b"") -> Kind:
    """Return the kind of a document.

    Args:
        media_type: Lower case, without parameters; "" when there was none.
        body: The decoded body, looked at only when the media type says nothing.
    """
    if media_type in _HTML_TYPES:
        return Kind.HTML
    if media_type in _UNKNOWN_TYPES:
        return _sniff(body[:_SNIFFED_BYTES])
    main, _, sub = media_type.partition("/")
    if sub.endswith("+xml") or sub in ("xml", "x-xml") or sub.startswith("xml-"):
        return Kind.XML
    if sub.endswith("+json") or sub in ("json", "x-json", "json-seq"):
        return Kind.JSON
    if main == "text" or media_type in _TEXT_TYPES:
        return Kind.TEXT
    return Kind.BINARY


def is_html(media_type: str, body: bytes) -> bool:
    """Tell whether a document is an HTML page, whose links are followed."""
    return media_type == "text/html" or kind_of(media_type, body) is Kind.HTML


def _sniff(head: bytes) -> Kind:
    if head[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return Kind.TEXT
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML_START.match(head):
        return Kind.HTML
    if head.lstrip()[:5] == b"<?xml":
        return Kind.HTML if b"<html" in head.lower() else Kind.XML
    return Kind.BINARY if _BINARY.search(head) else Kind.TEXT
