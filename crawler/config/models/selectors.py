"""CSS, XPath and JMESPath expressions, checked when a job is read rather than on the first page.

Only the parsers are loaded, and only when a job has such a selector: a third of what importing
the library that selects would cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from crawler.config.models.fields import bad_value
from crawler.errors import ConfigError

if TYPE_CHECKING:
    from cssselect.parser import PseudoElement


def _css(value: str) -> str:
    from cssselect import HTMLTranslator, SelectorError, parse

    translator = HTMLTranslator()
    try:
        for selector in parse(value):
            translator.selector_to_xpath(selector)
            _check_pseudo_element(selector.pseudo_element)
    except SelectorError as error:
        why = str(error).removesuffix(".")
        hint = f"write ':scope {value.strip()}'" if value.strip()[:1] in (">", "+", "~") else ""
        raise bad_value(f"is no CSS selector: {why[:1].lower()}{why[1:]}", hint) from None
    return value


def _check_pseudo_element(pseudo: PseudoElement | None) -> None:
    from cssselect.parser import FunctionalPseudoElement

    if pseudo is None or pseudo == "text":
        return
    if isinstance(pseudo, FunctionalPseudoElement):
        if pseudo.name == "attr" and pseudo.argument_types() in (["IDENT"], ["STRING"]):
            return
        raise bad_value(f"has an unknown ::{pseudo.name}()", "write ::text or ::attr(name)")
    raise bad_value(f"has an unknown ::{pseudo}", "write ::text or ::attr(name)")


def _xpath(value: str) -> str:
    from crawler.extract.xpaths import compile_xpath

    try:
        compile_xpath(value)
    except ConfigError as error:
        raise bad_value(f"is no XPath: {_why(error)}") from None
    return value


def _jmes(value: str) -> str:
    from crawler.extract.json_query import compile_jmes

    try:
        compile_jmes(value)
    except ConfigError as error:
        raise bad_value(f"is no JMESPath: {_why(error)}") from None
    return value


def _why(error: ConfigError) -> str:
    why = error.problems[0].message.partition("is not valid: ")[2]
    return f"{why[:1].lower()}{why[1:]}"


Css = Annotated[str, AfterValidator(_css)]
XPath = Annotated[str, AfterValidator(_xpath)]
JmesPath = Annotated[str, AfterValidator(_jmes)]
