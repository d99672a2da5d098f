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

# WHATWG HTML §5.2.4: what the value of a property is, where it is not the text.
_VALUES: Mapping[str, str] = {
    "meta": "content", "audio": "src", "embed": "src", "iframe": "src", "img": "src",
    "source": "src", "track": "src", "video": "src", "a": "href", "area": "href", "link": "href",
    "object": "data", "data": "value", "meter": "value", "time": "datetime",
}  # fmt: skip


def read_microdata(root: etree._Element) -> list[Entity]:
    """Return the entities of a page in the form of JSON-LD, those inside of others in them."""
    from lxml import etree

    found: list[Entity] = []
    # Entities around the element at hand, each with the element that it began at.
    around: list[tuple[etree._Element, Entity]] = []
    left = MAX_PROPERTIES
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            if around and around[-1][0] is element:
                around.pop()
            continue
        attributes = element.attrib
        begins, names = "itemscope" in attributes, attributes.get("itemprop")
        if not begins and not names:
            continue
        left -= 1
        if left < 0:
            break
        entity = _begun(element) if begins else None
        if around and names:
            value = _value(element) if entity is None else entity
            for name in str(names).split()[:_MAX_NAMES]:
                around[-1][1].setdefault(name, []).append(value)
        elif entity is not None:
            found.append(entity)
        if entity is not None:
            around.append((element, entity))
    return found


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
