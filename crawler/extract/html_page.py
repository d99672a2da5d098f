"""What a crawler wants to know of an HTML page before any rule or callback looks at it.

The adapter around turbohtml, which reads the links of every page: it follows the WHATWG algorithm
as browsers do, is linear in markup that is meant to slow parsers down, and gives the `href`s of a
page in one call. It holds the interpreter's lock meanwhile, for about 10 ms a megabyte, and takes
much memory for long texts, so that huge pages are left to lxml (`crawler.extract.html_tree`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from crawler.extract.encoding import Charset, decode
from crawler.extract.guard import MOST_ANCHORS, with_fewer_links, within_reason

if TYPE_CHECKING:
    from turbohtml import Document as Tree

#: Flags: links, or markup, beyond what is read of a page.
LINKS_CAPPED = "links_capped"
MARKUP_CUT = "markup_cut"


class HtmlPage:
    """A page that is parsed, each part of it read when somebody asks.

    Args:
        tree: turbohtml's, without templates.

    Attributes:
        flags: "links_capped" and "markup_cut" when there was too much to read it all (`hrefs` and
            `anchors` end there then), and what `crawler.extract.encoding.decode` says.
    """

    def __init__(self, tree: Tree, flags: tuple[str, ...] = ()) -> None:
        self._tree = tree
        self.flags = flags

    @cached_property
    def hrefs(self) -> list[str]:
        """`href` of every `a` and `area` that has one, in page order."""
        # One call for all: three times as fast as to ask each element. No union of two: it is put
        # in order by a sort that takes seconds for links which are all in one element.
        both = "//*[self::a or self::area]/@href"
        return self._values(both if self._has_areas else "//a/@href")[:MOST_ANCHORS]

    @cached_property
    def nofollow(self) -> list[str]:
        """Those of the links that say `rel=nofollow`."""
        found = self._tree.select('a[href][rel~="nofollow" i],area[href][rel~="nofollow" i]')
        return [element.attr("href") or "" for element in found[:MOST_ANCHORS]]

    @cached_property
    def anchors(self) -> int:
        """Number of `a` elements with an `href`."""
        if not self._has_areas:
            return len(self.hrefs)
        return len(self._values("//a/@href"))

    def _values(self, wanted: str) -> list[str]:
        found = self._tree.xpath(wanted)
        return cast(list[str], found)  # attributes are all that it asks for

    @cached_property
    def _has_areas(self) -> bool:
        return self._tree.find("area") is not None

    @cached_property
    def bases(self) -> list[str]:
        """`href` of every `base` element that has one; the first valid one counts."""
        # A name alone is found in an index; with an attribute, all elements are looked at.
        found = (base.attrs for base in self._tree.select("base"))
        return [str(attributes["href"]) for attributes in found if "href" in attributes]

    @cached_property
    def metas(self) -> list[tuple[str, str]]:
        """`name` and `content` of the `meta` elements with a name."""
        found = [meta for meta in self._tree.select("meta") if "name" in meta.attrs]
        return [(meta.attr("name") or "", meta.attr("content") or "") for meta in found]

    @cached_property
    def title(self) -> str | None:
        """Text of the first `title` element, white space collapsed; None without one."""
        found = self._tree.find("title")
        return None if found is None else " ".join(found.text.split())


def read_page(body: bytes, charset: Charset) -> HtmlPage:
    """Parse an HTML page. Never raises on any body."""
    from turbohtml import parse

    text, flags = decode(body, charset)
    fewer = with_fewer_links(text)
    if fewer is not text:
        flags = (*flags, LINKS_CAPPED)
    some = within_reason(fewer)
    if some is not fewer:
        flags = (*flags, MARKUP_CUT)
    tree = parse(some, positions=False)
    # What stands in a template is no part of the page. To ask of each link whether it does would
    # take milliseconds where hundreds of templates stand in one another.
    for template in tree.select("template"):
        template.decompose()
    return HtmlPage(tree, flags)
