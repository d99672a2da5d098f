"""One field of a rule, ready to be read from pages: its selector and its steps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crawler.errors import ConfigError
from crawler.extract.document import Document
from crawler.extract.element_text import collapse, markup_of, number_in, text_of
from crawler.extract.links import absolute_url
from crawler.extract.xpaths import Finder, compile_css, compile_xpath
from crawler.messages import HttpResponse, QueuedRequest
from crawler.spider.rules import FieldRule

if TYPE_CHECKING:
    from lxml import etree

_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Fact = Callable[[QueuedRequest, HttpResponse], Any]

#: What `{...}` may stand for in a `value`.
FACTS: dict[str, Fact] = {
    "url": lambda _, http: http.url,
    # Each redirect hop is a page of its own, so that both names mean the same.
    "final_url": lambda _, http: http.url,
    "status": lambda _, http: http.status,
    "depth": lambda queued, _: queued.depth,
    "label": lambda queued, _: queued.label,
    "parent_url": lambda queued, _: queued.parent_url,
    "content_type": lambda _, http: http.media_type,
    "bytes": lambda _, http: len(http.body),
}

#: Steps over one match; `count`, the only one over a list, stands aside.
STEPS = ("text", "strip", "number", "absolute_url")


class SelectedField:
    """A field that is selected from the page.

    Raises:
        ConfigError: The selector or a step is not valid.
    """

    def __init__(self, rule: FieldRule) -> None:
        self.name = rule.name
        self._all = rule.all
        self._steps = tuple(step.name for step in rule.then)
        self._find = finder(rule.css, rule.xpath, f"field {rule.name!r}")
        for step in self._steps:
            if step != "count" and step not in STEPS:
                known = ", ".join((*STEPS, "count"))
                raise ConfigError(f"field {rule.name!r}: step {step!r} is not known ({known})")
        if "count" in self._steps and not (rule.all and self._steps[-1] == "count"):
            raise ConfigError(f"field {rule.name!r}: count needs `all: true` and comes last")

    def read(self, document: Document) -> tuple[Any, bool]:
        """Return the value, and whether the selector matched anything."""
        matches: list[Any] = self._find(document.tree)
        if not self._all:
            return (self._value(matches[0], document) if matches else None), bool(matches)
        if self._steps[-1:] == ("count",):
            return len(matches), bool(matches)
        return [self._value(match, document) for match in matches], bool(matches)

    def _value(self, match: etree._Element | str, document: Document) -> Any:
        value: Any = match
        for step in self._steps:
            if value is None:
                return None
            value = _apply(step, value, document)
        return value if value is None or isinstance(value, str | int | float) else markup_of(value)


class GivenField:
    """A field whose value is given by the config.

    Raises:
        ConfigError: A placeholder is not known.
    """

    def __init__(self, rule: FieldRule) -> None:
        self.name = rule.name
        self._value = rule.value
        self._names = _PLACEHOLDER.findall(rule.value) if isinstance(rule.value, str) else []
        for name in self._names:
            if name not in FACTS:
                known = " ".join(f"{{{fact}}}" for fact in FACTS)
                raise ConfigError(f"field {rule.name!r}: {{{name}}} is not known ({known})")

    def read(self, queued: QueuedRequest, http: HttpResponse) -> Any:
        """Return the value; a placeholder that stands alone keeps its type."""
        if not isinstance(self._value, str) or not self._names:
            return self._value
        if self._value == f"{{{self._names[0]}}}":
            return FACTS[self._names[0]](queued, http)
        return _PLACEHOLDER.sub(lambda m: str(FACTS[m.group(1)](queued, http)), self._value)


def finder(css: str | None, xpath: str | None, owner: str) -> Finder:
    """Compile the one selector that is given.

    Raises:
        ConfigError: Both or none is given, or it is not valid; `owner` begins the message.
    """
    if (css is None) == (xpath is None):
        raise ConfigError(f"{owner}: give exactly one of css and xpath")
    try:
        return compile_css(css) if css is not None else compile_xpath(xpath or "")
    except ConfigError as error:
        raise ConfigError(f"{owner}: {error.problems[0].message}") from None


def _apply(step: str, value: Any, document: Document) -> Any:
    """Run one step over an element, a text or a number."""
    if isinstance(value, int | float):
        return value
    element = None if isinstance(value, str) else value
    if step == "text":
        return collapse(value) if element is None else text_of(element)
    if step == "number":
        return number_in(value if element is None else text_of(element))
    if step == "absolute_url":
        href = value if element is None else element.get("href") or element.get("src")
        return absolute_url(document.base, href, document.charset.codec) if href else None
    return (value if element is None else markup_of(element)).strip()
