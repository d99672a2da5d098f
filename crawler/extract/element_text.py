"""The text of an element as a reader would see it, its markup, and numbers in such text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

_HIDDEN = frozenset(("script", "style", "template", "noscript"))
# Words on both sides of these belong to different words, whatever the white space between.
_BREAKING = frozenset(
    (
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption",
        "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
        "main", "nav", "ol", "option", "p", "pre", "section", "table", "td", "th", "tr", "ul",
    )
)  # fmt: skip

# Digits in groups, as people write them: "1,234.50", "1 234,50", "1'234", "-3", "4e5" is just 4.
# A dash behind a word ("ISBN-13"), or between two ("Size M - 3 left"), is no sign.
_NUMBER = re.compile(
    r"(?:(?<!\w)[-+\u2212](?:(?=[\d.,])|(?<!\S\s.)\s))?"
    r"(?:\d+(?:[.,'\u2019\s\xa0\u202f]\d+)*|[.,]\d+)"
)
_SIGN = re.compile(r"^([-+])\s")
_SPACES = re.compile(r"['\u2019\s\xa0\u202f]")
# No number that means anything has more; a float ends at 308.
_MAX_DIGITS = 300
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
# "12,34,567" is how India writes it.
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{2,3})*[.,]\d{3}")


def collapse(text: str) -> str:
    """Return text with every run of white space as one space, none at its ends."""
    return " ".join(text.split())


def text_of(element: etree._Element) -> str:
    """Return the visible text of an element, white space collapsed."""
    parts: list[str] = []
    _gather(element, parts)
    return collapse("".join(parts))


def markup_of(element: etree._Element) -> str:
    """Return an element as HTML, without the text behind it."""
    from lxml import etree

    return etree.tostring(element, method="html", encoding="unicode", with_tail=False)


def number_in(text: str) -> int | float | None:
    """Return the first number in a text; None if there is none.

    Of two kinds of separators the last is the decimal one. A single kind groups thousands if it
    is a comma before exactly three digits, or is repeated and the last group has three; repeated
    otherwise it parts several numbers, as in a date. Else it is the decimal one.
    A whole number beyond 64 bits, which JSON readers have no room for, is a float.
    """
    digits = _digits_in(text)
    if digits is None:
        return None
    if digits.lstrip("+-").isdigit():
        whole = int(digits)
        if -(1 << 63) <= whole < 1 << 63:
            return whole
    return float(digits)


def decimal_in(text: str) -> Decimal | None:
    """Return the first number in a text, exactly; None if there is none. Read as `number_in`."""
    digits = _digits_in(text)
    return None if digits is None else Decimal(digits)


def _digits_in(text: str) -> str | None:
    """Return the first number in a text as `float` and `Decimal` read it."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    digits = _first_group(_SIGN.sub(r"\1", found.group().replace("\u2212", "-")))
    return digits if len(digits) <= _MAX_DIGITS else None


def _first_group(number: str) -> str:
    """Return a number as `float` reads it."""
    groups = _SPACES.split(number)
    # "3 12" are two numbers, "3 120" may be one.
    digits = groups[0]
    for group in groups[1:]:
        if len(re.split("[.,]", group)[0]) != 3:
            break
        digits += group
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return digits
    if "." in digits and "," in digits:
        whole = digits[:last].replace(",", "").replace(".", "")
        return f"{whole}.{digits[last + 1 :]}"
    mark = digits[last]
    bare = digits.lstrip("+-")
    if digits.count(mark) > 1:
        # "22.11.2026" is no number: three of them.
        return digits.replace(mark, "") if _GROUPED.fullmatch(bare) else digits.partition(mark)[0]
    if mark == "," and _THOUSANDS.fullmatch(bare):
        return digits.replace(mark, "")
    return digits.replace(",", ".")


def _gather(element: etree._Element, parts: list[str]) -> None:
    """Collect texts in order; with a stack of its own, as pages nest deeper than Python calls."""
    stack: list[tuple[etree._Element | None, str]] = [(element, "")]
    while stack:
        node, tail = stack.pop()
        if node is None:
            parts.append(tail)
            continue
        tag: object = node.tag  # comments have a function there
        if not isinstance(tag, str) or tag in _HIDDEN:
            continue
        mark = " " if tag in _BREAKING else ""
        parts.append(mark + _text(node.text))
        stack.append((None, mark))
        for child in reversed(node):
            stack.append((None, _text(child.tail)))
            stack.append((child, ""))


def _text(text: str | None) -> str:
    return text or ""
