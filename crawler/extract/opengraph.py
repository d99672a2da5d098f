"""OpenGraph: the `meta` elements that tell other sites what to show of a page (https://ogp.me)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

#: Properties of one page, and characters of a value, that are read.
MAX_PROPERTIES = 1_000
MAX_VALUE = 64 << 10


def read_opengraph(root: etree._Element) -> dict[str, list[str]]:
    """Return the values of each property by its name in lower case, in page order.

    Properties without a prefix (`description`) are not OpenGraph's and are left out.
    """
    found: dict[str, list[str]] = {}
    count = 0
    for meta in root.iter("meta"):
        # The standard says `property`; many sites write `name`.
        name = meta.get("property") or meta.get("name")
        content = meta.get("content")
        if not name or not content or ":" not in name:
            continue
        count += 1
        if count > MAX_PROPERTIES:
            break
        value = str(content).strip()[:MAX_VALUE]
        if value:
            found.setdefault(str(name).strip().lower(), []).append(value)
    return found
