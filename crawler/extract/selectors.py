"""Selection with Scrapy's semantics, by parsel; imported only when a spider selects something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extract.document import Document
from crawler.extract.media import Kind

if TYPE_CHECKING:
    from parsel import Selector

_TYPES = {Kind.XML: "xml", Kind.JSON: "json"}


def selector_of(document: Document) -> Selector:
    """Return the selector over a whole document; a text that is no markup is read as HTML."""
    from parsel import Selector

    kind = _TYPES.get(document.kind, "html")
    if kind == "html":
        return Selector(root=document.tree, type=kind)
    return Selector(text=document.text, type=kind)


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
