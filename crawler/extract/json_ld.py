"""JSON-LD: the scripts of a page that say in schema.org's words what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.extract.json_text import NotJson, read_json

if TYPE_CHECKING:
    from lxml import etree

#: Characters over all scripts of a page; what comes after them is not read.
MAX_SIZE = 4 << 20
_MAX_SCRIPTS = 200

#: Flags of a page with a script that is no JSON, and of one with more of it than is read.
BROKEN = "json_ld_broken"
CUT = "json_ld_cut"

_WRAPPERS = (("<!--", "-->"), ("//<![CDATA[", "//]]>"), ("<![CDATA[", "]]>"), ("/*", "*/"))


def read_json_ld(root: etree._Element) -> tuple[list[Any], tuple[str, ...]]:
    """Return what the scripts hold, in page order, and the flags of the page.

    A script that is no JSON is passed over, as the others are still right.
    """
    found: list[Any] = []
    flags: dict[str, None] = {}
    left = MAX_SIZE
    for number, script in enumerate(_scripts(root)):
        left -= len(script)
        if left < 0 or number >= _MAX_SCRIPTS:
            flags[CUT] = None
            break
        text = _unwrapped(script)
        if not text:
            continue
        try:
            found.append(read_json(text))
        except NotJson:
            flags[BROKEN] = None
    return found, tuple(flags)


def _scripts(root: etree._Element) -> list[str]:
    return [
        script.text
        for script in root.iter("script")
        if script.text and _is_json_ld(script.get("type"))
    ]


def _is_json_ld(kind: Any) -> bool:
    return kind is not None and str(kind).strip().lower().startswith("application/ld+json")


def _unwrapped(script: str) -> str:
    """Return a script without the comment signs that hide it from very old browsers."""
    text = script.strip()
    for begin, end in _WRAPPERS:
        if text.startswith(begin):
            text = text[len(begin) :].removesuffix(end).strip()
    return text.rstrip(";")
