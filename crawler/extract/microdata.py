"""Microdata: entities written into the markup itself (WHATWG HTML §5, without `itemref`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crawler.extract.element_text import text_of
from crawler.extract.entities import Entity

if TYPE_CHECKING:
    from lxml import etree

#: Properties of one page that are read.
MAX_PROPERTIES = 5_000
# Of one element; each is a copy of its value.
_MAX_NAMES = 10
# Properties whose texts are inside of one another; each of them reads what is below it again.
_MAX_NESTED = 8

# WHATWG HTML §5.2.4: what the value of a property is, where it is not the text.
_VALUES: Mapping[str, str] = {
    "meta": "content", "audio": "src", "embed": "src", "iframe": "src", "img": "src",
    "source": "src", "track": "src", "video": "src", "a": "href", "area": "href", "link": "href",
    "object": "data", "data": "value", "meter": "value", "time": "datetime",
}  # fmt: skip


def read_microdata(root: etree._Element) -> list[Entity]:
    """Return the entities of a page in the form of JSON-LD, those inside of others in them."""
    from lxml import etree

    reader = _Reader()
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            reader.leave(element)
        elif "itemscope" in element.attrib or "itemprop" in element.attrib:
            reader.enter(element)
            if reader.left <= 0:
                break
    return reader.found


class _Reader:
    """Where the walk through a page stands.

    Attributes:
        found: Entities that are in no other.
        left: Elements that may still be read.
    """

    def __init__(self) -> None:
        self.found: list[Entity] = []
        self.left = MAX_PROPERTIES
        # Entities around the element at hand, and properties, each with where it began.
        self._around: list[tuple[etree._Element, Entity]] = []
        self._properties: list[etree._Element] = []

    def enter(self, element: etree._Element) -> None:
        """Take in an element that begins an entity, is a property, or both."""
        self.left -= 1
        names = str(element.get("itemprop") or "").split()[:_MAX_NAMES]
        if "itemscope" in element.attrib:
            entity = _begun(element)
            if not names or not self._around:
                self.found.append(entity)
            else:
                self._give(names, entity)
            self._around.append((element, entity))
        elif self._around and len(self._properties) < _MAX_NESTED:
            self._give(names, _value(element))
            self._properties.append(element)

    def leave(self, element: etree._Element) -> None:
        """Note the end of an element."""
        if self._around and self._around[-1][0] is element:
            self._around.pop()
        elif self._properties and self._properties[-1] is element:
            self._properties.pop()

    def _give(self, names: list[str], value: Entity | str) -> None:
        for name in names:
            self._around[-1][1].setdefault(name, []).append(value)


def _begun(element: etree._Element) -> Entity:
    types = [
        kind.rstrip("/").rpartition("/")[2] for kind in (element.get("itemtype") or "").split()
    ]
    entity: Entity = {"@type": types}
    identity = element.get("itemid")
    if identity:
        entity["@id"] = str(identity)
    return entity


def _value(element: etree._Element) -> str:
    tag = str(element.tag)
    attribute = _VALUES.get(tag)
    given = None if attribute is None else element.get(attribute)
    # Many sites give a machine's form in `content`, on whatever element shows the human's.
    given = element.get("content") if given is None else given
    return text_of(element) if given is None else str(given).strip()
