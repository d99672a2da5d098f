"""The selectors of a config, compiled: what they find, and in which kind of document."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crawler.errors import ConfigError
from crawler.extract.xpaths import Finder, compile_css, compile_xpath, relative
from crawler.spider.rules import FieldRule, SelectorRule

if TYPE_CHECKING:
    from lxml import etree


class Within(enum.Enum):
    """What a selector is asked about."""

    PAGE = "page"
    ELEMENT = "element"
    DATA = "data"  # a value in a JSON document


class Selection:
    """One selector.

    Args:
        rule: Without any selector it finds what it is asked about.
        within: What it is asked about.
        owner: Begins the message of an error.

    Attributes:
        inside: What its matches are; that of `within` when there is no selector.
        of_page: It is asked about a whole page, and only if that is of the kind it can read.

    Raises:
        ConfigError: It is not valid, there are several, or it cannot be asked about such a thing.
    """

    def __init__(self, rule: FieldRule | SelectorRule, within: Within, owner: str) -> None:
        given = [name for name in ("css", "xpath", "jmes") if getattr(rule, name) is not None]
        if len(given) > 1:
            raise ConfigError(f"{owner}: give exactly one of {' and '.join(given)}")
        self._given = bool(given)
        self.inside = within
        self.of_page = within is Within.PAGE
        self.find: Callable[[Any], list[Any]] = _itself
        if not given:
            return
        if rule.jmes is not None:
            if within is Within.ELEMENT:
                raise ConfigError(f"{owner}: jmes is for JSON, not for elements of a page")
            self.inside, self.find = Within.DATA, _compiled_jmes(rule.jmes, owner)
            return
        if within is Within.DATA:
            raise ConfigError(f"{owner}: {given[0]} is for pages, not for JSON; use jmes")
        xpath = rule.xpath
        if xpath is not None and within is Within.ELEMENT:
            xpath = relative(xpath)
        self.inside, self.find = Within.ELEMENT, finder(rule.css, xpath, owner)

    def __bool__(self) -> bool:
        """Tell whether a selector was given."""
        return self._given


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


def _compiled_jmes(expression: str, owner: str) -> Callable[[Any], list[Any]]:
    from crawler.extract.json_query import compile_jmes

    try:
        return compile_jmes(expression)
    except ConfigError as error:
        raise ConfigError(f"{owner}: {error.problems[0].message}") from None


def _itself(thing: etree._Element | Any) -> list[Any]:
    return [] if thing is None else [thing]
