"""The body of a page without what changes by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from crawler.extract.document import Document
from crawler.extract.media import is_html
from crawler.extract.text_signature import without_markup

if TYPE_CHECKING:
    from lxml import etree

#: Gives the elements below a root that a selector matches.
Find = Callable[[Any], Sequence[Any]]


def steady_body(
    url: str, body: bytes, content_type: str, media_type: str, ignore: Sequence[Find]
) -> bytes:
    """Return the bytes of a page by which it is compared.

    Args:
        url: Of the page.
        body: Its decoded body.
        content_type: The whole field.
        media_type: The type alone.
        ignore: What is left out; with nothing to leave out, and of what is no HTML, the body is
            returned as it is.
    """
    if not ignore or not is_html(media_type, body):
        return body
    from lxml import etree

    from crawler.extract.media import Kind

    # A tree of its own: rules see all of the page.
    root = Document(url, body, Kind.HTML, content_type).tree
    for find in ignore:
        for element in find(root):
            if not isinstance(element, str):  # no attribute or text
                _remove(element)
    return etree.tostring(root)


def _remove(element: etree._Element) -> None:
    """Take an element out; the text behind it stays, and a bare element in front of it.

    That text may hold control characters, which no other text can be set to.
    """
    parent = element.getparent()
    if parent is None:
        return
    if element.tail and element.tail.strip():
        del element[:]
        element.attrib.clear()
        element.tag, element.text = "span", None
    else:
        parent.remove(element)


def words_of(body: bytes) -> str:
    """Return the text of a page, without its markup."""
    return without_markup(body).decode("utf-8", "replace")
