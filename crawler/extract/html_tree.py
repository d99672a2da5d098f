"""The lxml tree of a page, for selectors, and what a crawler wants to know of it before."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

# The end of the page, or what may hold that as text. Each alternative reaches an end once begun, so
# that the whole is linear.
_END = re.compile(
    rb"(<!--.*?(?:-->|\Z)|<(?:script|style|textarea)\b.*?(?:</(?:script|style|textarea)|\Z))"
    rb"|</html\b[^>]*>?",
    re.DOTALL | re.IGNORECASE,
)


def html_tree(raw: bytes) -> etree._Element:
    """Parse UTF-8 HTML with lxml, leniently; an empty page has an empty `html` element."""
    from lxml import etree  # most runs have no use for it

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root: etree._Element | None = None
    try:
        # libxml2 ends the document at a NUL. The rest of parsel's preparation is the strip.
        root = etree.fromstring(_whole(raw.replace(b"\0", b"").strip()), parser)
    except (etree.LxmlError, ValueError):
        root = None
    return etree.fromstring(b"<html/>", parser) if root is None else root


def _whole(raw: bytes) -> bytes:
    """Return a page without the `</html>` that something follows.

    libxml2 2.14 drops all that comes behind it, while browsers take it into the body: pages put
    together of several have it in their middle.
    """
    ends = [end for end in (raw.find(b"</html"), raw.find(b"</HTML")) if end >= 0]
    if not ends:
        return raw
    behind = raw[min(ends) :].partition(b">")[2].strip()
    comment = behind.startswith(b"<!--") and behind.find(b"-->") == len(behind) - 3
    return raw if not behind or comment else _END.sub(lambda found: found[1] or b"", raw)


class TreeOutline:
    """What `HtmlPage` has of a page, from a tree that is there already.

    Args:
        root: From `html_tree`.

    Attributes:
        flags: None; the document that has the tree knows what was cut from it.
    """

    flags: tuple[str, ...] = ()

    def __init__(self, root: etree._Element) -> None:
        self._root = root

    @cached_property
    def hrefs(self) -> list[str]:
        """See `HtmlPage.hrefs`."""
        linking = self._root.iter("a", "area")
        return [str(one.get("href")) for one in linking if "href" in one.attrib]

    @cached_property
    def nofollow(self) -> list[str]:
        """See `HtmlPage.nofollow`."""
        linking = (one for one in self._root.iter("a", "area") if "href" in one.attrib)
        return [
            str(one.get("href"))
            for one in linking
            if "nofollow" in str(one.get("rel") or "").lower().split()
        ]

    @cached_property
    def anchors(self) -> int:
        """See `HtmlPage.anchors`."""
        return sum("href" in one.attrib for one in self._root.iter("a"))

    @cached_property
    def bases(self) -> list[str]:
        """See `HtmlPage.bases`."""
        return [str(one.get("href")) for one in self._root.iter("base") if "href" in one.attrib]

    @cached_property
    def metas(self) -> list[tuple[str, str]]:
        """See `HtmlPage.metas`."""
        named = (one for one in self._root.iter("meta") if "name" in one.attrib)
        return [(str(one.get("name")), str(one.get("content") or "")) for one in named]

    @cached_property
    def title(self) -> str | None:
        """See `HtmlPage.title`."""
        first = next(self._root.iter("title"), None)
        return None if first is None else " ".join(str(first.xpath("string()")).split())
