"""Selectors compiled once: CSS with `::text` and `::attr()`, or XPath, over an lxml tree.

The semantics are those of parsel, so that a selector tried in a spider does the same in a config.
parsel itself is not imported here; a crawl that only has rules starts without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from crawler.errors import CallbackError, ConfigError
from crawler.extract.xpath_names import unknown_name

if TYPE_CHECKING:
    from cssselect.parser import Selector
    from lxml.etree import _Element as Element

_ANYWHERE = "descendant-or-self::"
# Those that parsel knows.
_EXSLT = {
    "re": "http://exslt.org/regular-expressions",
    "set": "http://exslt.org/sets",
}

# What stands before the beginning of a path: nothing, or an operator. HTML has no elements that are
# named like one.
_BEGINS = re.compile(r"(?:^|[|(,=<>+]|(?<=\s)-|(?<=[\s)\]'\"])(?:and|or|div|mod))\s*\Z")

#: Finds elements, attribute values and texts under an element, in document order.
Finder = Callable[["Element | str"], "list[Element | str]"]


def compile_css(css: str) -> Finder:
    """Compile a CSS selector.

    Raises:
        ConfigError: It is no valid selector, or has a pseudo-element we do not know.
    """
    from cssselect import SelectorError, parse

    try:
        return compile_xpath(" | ".join(_xpath(one) for one in parse(css)))
    except SelectorError as error:
        raise ConfigError(f"css selector {css!r} is not valid: {error}") from None


def compile_xpath(xpath: str) -> Finder:
    """Compile an XPath expression.

    Raises:
        ConfigError: It is no valid expression.
    """
    from lxml import etree

    try:
        find = etree.XPath(xpath, namespaces=_EXSLT, smart_strings=False)
        why = unknown_name(xpath)
        if why:
            raise ConfigError(f"xpath {xpath!r} is not valid: {why}")
        find(etree.fromstring("<html/>"))  # arguments are looked at only now
    except (etree.XPathError, re.error, ValueError) as error:
        raise ConfigError(f"xpath {xpath!r} is not valid: {error}") from None

    def found(root: Element | str) -> list[Element | str]:
        if isinstance(root, str):
            return []  # nothing is within a text, or the result of a function
        try:
            result = find(root)
        except (etree.XPathError, re.error) as error:  # an expression of re:test()
            raise CallbackError(f"xpath {xpath!r} failed on this page: {error}") from None
        if isinstance(result, list):
            return [one for one in result if not isinstance(one, tuple | bytes)]
        return [_scalar(result)]

    return found


def _scalar(result: object) -> str:
    """Write the result of a function as parsel does: `count()` gives "3.0", true is "1"."""
    if isinstance(result, bool):
        return str(int(result))
    return str(result)


def _xpath(selector: Selector) -> str:
    """Translate one selector of a group."""
    from cssselect import HTMLTranslator

    translator = HTMLTranslator()
    path = translator.selector_to_xpath(selector, prefix="")
    pseudo = selector.pseudo_element
    if pseudo is None:
        return _ANYWHERE + path
    name = pseudo if isinstance(pseudo, str) else pseudo.name
    # "td ::text" means the text of td as well, hence the step to children goes.
    if name == "text" and isinstance(pseudo, str):
        if path == "*":
            return _ANYWHERE + "text()"
        return _ANYWHERE + (path[:-3] + "text()" if path.endswith("::*/*") else path + "/text()")
    if name == "attr" and not isinstance(pseudo, str):
        attribute = pseudo.arguments[0].value if len(pseudo.arguments) == 1 else None
        if attribute and pseudo.argument_types() in (["IDENT"], ["STRING"]):
            return _ANYWHERE + (path[:-2] if path.endswith("::*/*") else path) + f"/@{attribute}"
    raise ConfigError(f"pseudo-element ::{name} is not known; use ::text or ::attr(NAME)")


def relative(xpath: str) -> str:
    """Return an expression whose `//` begins at the element it is asked about.

    In XPath a leading `//` means the whole document even there, so that every element would give
    the first match of the page. Only paths outside of predicates and of texts are changed; `/html`
    still is the document's.
    """
    parts: list[str] = []
    depth = place = 0
    while place < len(xpath):
        one = xpath[place]
        end = place + 1
        if one in "\"'":
            end = xpath.find(one, end) + 1 or len(xpath)
        elif depth == 0 and xpath.startswith("//", place) and _BEGINS.search(xpath, 0, place):
            parts.append(".")
        depth += (one == "[") - (one == "]")
        parts.append(xpath[place:end])
        place = end
    return "".join(parts)
