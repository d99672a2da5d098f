"""Selection with Scrapy's semantics, by parsel; imported only when a spider selects something.

The tree is always made by the HTML parser for HTML: parsel would otherwise take a page that
begins with an XML declaration for XML, and none of its elements would match a selector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extract.media import Kind

if TYPE_CHECKING:
    from lxml import etree
    from parsel import Selector

_TYPES = {Kind.HTML: "html", Kind.XML: "xml", Kind.JSON: "json"}


def html_tree(text: str) -> etree._Element:
    """Parse HTML text with lxml, leniently; an empty page has an empty `html` element."""
    from lxml import etree

    # libxml2 ends the document at a NUL; and what is stripped here it would count as a body.
    raw = text.strip().replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root: etree._Element | None = None
    try:
        root = etree.fromstring(raw, parser)
    except (etree.LxmlError, ValueError):
        root = None
    return etree.fromstring(b"<html/>", parser) if root is None else root


def selector_of(text: str, kind: Kind) -> Selector:
    """Return the selector over a whole document; a text that is no markup is read as HTML."""
    from parsel import Selector

    if kind is Kind.HTML or kind not in _TYPES:
        return Selector(root=html_tree(text), type="html")
    return Selector(text=text, type=_TYPES[kind])


def href_of(thing: object) -> str | None:
    """Return the URL a selector stands for; None if it is no selector.

    Raises:
        ValueError: It is a list of selectors, an element that links nowhere, or another node.
    """
    import sys

    parsel = sys.modules.get("parsel")
    if parsel is None:
        return None
    if isinstance(thing, parsel.SelectorList):
        raise ValueError("SelectorList is not supported: take one of its selectors, or follow_all")
    if not isinstance(thing, parsel.Selector):
        return None
    root = thing.root
    if isinstance(root, str):
        return root
    tag = getattr(root, "tag", None)
    if tag not in ("a", "area", "link"):
        raise ValueError(f"only <a>, <area> and <link> elements can be followed, got <{tag}>")
    href = root.get("href")
    if href is None:
        raise ValueError(f"<{tag}> element has no href attribute: {thing}")
    return str(href)
