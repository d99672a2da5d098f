"""One walk through an HTML page: its links, title, base and robots directives.

The adapter around the HTML parsers. lexbor reads nearly every page; lxml reads those that would
keep lexbor busy for seconds (`crawler.extract.guard`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from crawler.extract.encoding import Charset, decode
from crawler.extract.guard import (
    MOST_ANCHORS,
    Route,
    route,
    with_fewer_links,
    within_reason,
    without_long_tags,
)

if TYPE_CHECKING:
    from lxml import etree

_WANTED = "a[href],area[href],base[href],meta[name],title"
# The end of the page, or what may hold that as text. Each alternative reaches an end once begun, so
# that the whole is linear.
_END = re.compile(
    rb"(<!--.*?(?:-->|\Z)|<(?:script|style|textarea)\b.*?(?:</(?:script|style|textarea)|\Z))"
    rb"|</html\b[^>]*>?",
    re.DOTALL | re.IGNORECASE,
)
#: Flags: links, or markup, beyond what is read of a page.
LINKS_CAPPED = "links_capped"
MARKUP_CUT = "markup_cut"

_TAGS = ("a", "area", "base", "meta", "title")


class HtmlPage:
    """What a crawler wants to know of a page before any rule or callback looks at it.

    Attributes:
        links: `href` and `rel` of every `a` and `area` with an `href`, in page order.
        anchors: Number of `a` elements with an `href`.
        bases: `href` of every `base` element; the first valid one counts.
        metas: `name` and `content` of the `meta` elements with a name.
        title: Text of the first `title` element, white space collapsed; None without one.
        flags: "links_capped" and "markup_cut" when there was too much to read it all (`links` and
            `anchors` end there then), "odd_markup" when lexbor was spared, "long_tag" when
            attributes were dropped, and what `crawler.extract.encoding.decode` says.
    """

    __slots__ = ("anchors", "bases", "flags", "links", "metas", "title")

    def __init__(self, flags: tuple[str, ...] = ()) -> None:
        self.links: list[tuple[str, str | None]] = []
        self.anchors = 0
        self.bases: list[str] = []
        self.metas: list[tuple[str, str]] = []
        self.title: str | None = None
        self.flags = flags

    def note(self, tag: str, attributes: Mapping[str, str | None]) -> None:
        """Take in one element other than a title."""
        if tag == "meta":
            self.metas.append((attributes.get("name") or "", attributes.get("content") or ""))
        elif "href" in attributes:
            href = attributes["href"] or ""
            if tag == "base":
                self.bases.append(href)
            elif tag in ("a", "area"):
                if len(self.links) < MOST_ANCHORS:
                    self.links.append((href, attributes.get("rel")))
                self.anchors += tag == "a"


def read_page(body: bytes, charset: Charset) -> HtmlPage:
    """Parse an HTML page. Never raises on any body."""
    flags: tuple[str, ...] = ()
    if charset.codec == "utf-8":
        # lexbor reads UTF-8 and replaces what is none, so that the page is never decoded here.
        raw = body[charset.mark :] if charset.mark else body
    else:
        text, flags = decode(body, charset)
        raw = text.encode("utf-8", "replace")
    fewer = with_fewer_links(raw)
    if fewer is not raw:
        flags = (*flags, LINKS_CAPPED)
    raw = within_reason(fewer)
    if raw is not fewer:
        flags = (*flags, MARKUP_CUT)
    short = without_long_tags(raw)
    if short is not raw:
        flags = (*flags, "long_tag")
    if route(short) is Route.FAST:
        return _read_fast(short, flags)
    return _read_steady(short, (*flags, "odd_markup"))


class _Node(Protocol):
    @property
    def tag(self) -> str | None: ...

    @property
    def attributes(self) -> dict[str, str | None]: ...

    def text(self) -> str: ...


def _read_fast(raw: bytes, flags: tuple[str, ...]) -> HtmlPage:
    from selectolax.lexbor import LexborHTMLParser

    page = HtmlPage(flags)
    nodes: Iterable[_Node] = LexborHTMLParser(raw).css(_WANTED)
    links = page.links
    anchors = 0
    for node in nodes:
        tag = node.tag
        if tag == "a":
            # By far the most frequent, hence first and without a call. lexbor also matches the
            # xlink:href of SVG, which is no href.
            attributes = node.attributes
            if "href" in attributes:
                links.append((attributes["href"] or "", attributes.get("rel")))
                anchors += 1
        elif tag == "title":
            if page.title is None:
                page.title = " ".join(node.text().split())
        else:
            page.note(tag or "", node.attributes)
    page.anchors += anchors
    return page


def _read_steady(raw: bytes, flags: tuple[str, ...]) -> HtmlPage:
    page = page_of_tree(html_tree(raw))
    page.flags = flags
    return page


def _whole(raw: bytes) -> bytes:
    """Return a page without the `</html>` that something follows.

    libxml2 2.14 drops all that comes behind it, while browsers, and lexbor, take it into the body:
    pages put together of several have it in their middle.
    """
    ends = [end for end in (raw.find(b"</html"), raw.find(b"</HTML")) if end >= 0]
    if not ends:
        return raw
    behind = raw[min(ends) :].partition(b">")[2].strip()
    comment = behind.startswith(b"<!--") and behind.find(b"-->") == len(behind) - 3
    return raw if not behind or comment else _END.sub(lambda found: found[1] or b"", raw)


def html_tree(raw: bytes) -> etree._Element:
    """Parse UTF-8 HTML with lxml, leniently; an empty page has an empty `html` element."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root: etree._Element | None = None
    try:
        # libxml2 ends the document at a NUL. The rest of parsel's preparation is the strip.
        root = etree.fromstring(_whole(raw.replace(b"\0", b"").strip()), parser)
    except (etree.LxmlError, ValueError):
        root = None
    return etree.fromstring(b"<html/>", parser) if root is None else root


def page_of_tree(root: etree._Element) -> HtmlPage:
    """Take a page's links and the rest from its tree."""
    page = HtmlPage()
    for element in root.iter(*_TAGS):
        tag = str(element.tag)
        if tag == "title":
            if page.title is None:
                page.title = " ".join(str(element.xpath("string()")).split())
        elif tag != "meta" or "name" in element.attrib:
            page.note(tag, {str(name): str(value) for name, value in element.attrib.items()})
    return page
