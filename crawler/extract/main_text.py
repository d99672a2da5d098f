"""The main text of an HTML page, without what stands around it on every page of its site.

Blocks of text are weighed by what they are made of (Kohlschütter et al., "Boilerplate detection
using shallow text features", WSDM 2010, found two features to do most of the work): the share of
their text that is in links, and their length. Menus are short and all links; an article is long
and hardly any. Where the page itself marks its main part, only that is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.extract.element_text import collapse, text_of

if TYPE_CHECKING:
    from lxml import etree

    from crawler.extract.document import Document

_DROPPED = ("script", "style", "template", "noscript", "nav", "aside", "footer", "form", "button",
            "select", "iframe", "svg", "dialog")  # fmt: skip
_ROLES = frozenset(
    ("navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alertdialog")
)
_BLOCKS = frozenset(
    ("p", "pre", "blockquote", "li", "dd", "dt", "td", "th", "figcaption", "caption",
     "h1", "h2", "h3", "h4", "h5", "h6", "div", "section", "article", "main", "body")
)  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
#: A block with more of its text in links is a menu.
_MAX_LINKED = 0.5
#: Characters of a block that is taken for itself; shorter ones go with a neighbour that is.
_LONG = 80
_NEAR = 2


def main_text(document: Document) -> str:
    """Return the main text of a page, a line for each block; "" if it has none.

    A page all of whose blocks look like boilerplate gives the text of its body instead: a short
    page is better whole than empty.
    """
    root = document.tree
    for element in list(root.iter(*_DROPPED)):
        _remove(element)
    for element in [one for one in root.iter("*") if _is_aside(one)]:
        _remove(element)
    part = _main_part(root)
    blocks = [block for block in _blocks(part) if block.text]
    kept = _kept(blocks)
    if kept:
        return "\n".join(kept)
    return text_of(part)


def _is_aside(element: etree._Element) -> bool:
    """Tell whether an element says of itself that it is hidden, or not the page's matter."""
    hidden = "hidden" in element.attrib or element.get("aria-hidden") == "true"
    return hidden or element.get("role") in _ROLES


def _remove(element: etree._Element) -> None:
    """Make an element a mere space; the text behind it stays.

    What is taken out of a tree leaves that text to its neighbour: of thousands in a row the last
    would have it copied as often as there are elements before it.
    """
    if element.getparent() is None:
        return
    # The tail stays where it is: it may hold control characters, which no text can be set to.
    del element[:]
    element.attrib.clear()
    element.tag, element.text = "span", " "


def _main_part(root: etree._Element) -> etree._Element:
    """Return what the page says is its main part, else its body."""
    roles = [one for one in root.iter("*") if one.get("role") == "main"]
    for found in (list(root.iter("main")), roles, list(root.iter("article"))):
        if len(found) == 1 and len(text_of(found[0])) >= _LONG:
            return found[0]
    return next(root.iter("body"), root)


class _Block:
    """Text that is in no smaller block, and how much of it is in links."""

    __slots__ = ("heading", "linked", "parts")

    def __init__(self, *, heading: bool) -> None:
        self.parts: list[str] = []
        self.linked = 0
        self.heading = heading

    @property
    def text(self) -> str:
        return collapse("".join(self.parts))

    def add(self, text: str, *, linked: bool) -> None:
        self.parts.append(text)
        if linked:
            self.linked += len(collapse(text))


def _blocks(part: etree._Element) -> list[_Block]:
    """Split a part into blocks, in order; with a stack of its own, as pages nest deeply."""
    blocks = [_Block(heading=False)]
    stack: list[tuple[etree._Element | None, str, bool]] = [(part, "", False)]
    while stack:
        node, tail, linked = stack.pop()
        if node is None:
            blocks[-1].add(tail, linked=linked)
            continue
        tag: object = node.tag  # comments have a function there
        if not isinstance(tag, str):
            continue
        inside = linked or tag == "a"
        if tag in _BLOCKS:
            blocks.append(_Block(heading=tag in _HEADINGS))
            stack.append((None, "\0", linked))
        elif tag == "br":
            blocks[-1].add(" ", linked=linked)
        blocks[-1].add(node.text or "", linked=inside)
        for child in reversed(node):
            stack.append((None, child.tail or "", inside))
            stack.append((child, "", inside))
    return _split(blocks)


def _split(blocks: list[_Block]) -> list[_Block]:
    """Begin a new block where one has ended (a NUL): what follows is not its text."""
    split: list[_Block] = []
    for block in blocks:
        current = _Block(heading=block.heading)
        current.linked = block.linked
        split.append(current)
        for text in block.parts:
            if text == "\0":
                current = _Block(heading=False)
                split.append(current)
            else:
                current.parts.append(text)
    return split


def _kept(blocks: list[_Block]) -> list[str]:
    """Return the texts of long blocks, and of short ones between or right beside them."""
    texts = [block.text for block in blocks]
    menu = [b.linked > _MAX_LINKED * len(t) for b, t in zip(blocks, texts, strict=True)]
    long = [n for n, text in enumerate(texts) if len(text) >= _LONG and not menu[n]]
    if not long:
        return []
    wanted = set(long)
    for number in long:
        for near in range(number - _NEAR, number + _NEAR + 1):
            if 0 <= near < len(blocks) and not menu[near]:
                wanted.add(near)
    # Headings at the end head nothing that was kept.
    while wanted and blocks[max(wanted)].heading:
        wanted.discard(max(wanted))
    return [texts[number] for number in sorted(wanted)]
