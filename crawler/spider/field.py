"""Fields whose value the config gives: constants, and facts of the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from crawler.errors import ConfigError
from crawler.spider.page_view import PageView
from crawler.spider.rules import FieldRule

# A name in braces; columns of a list may have any.
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

Fact = Callable[[PageView], Any]

#: What `{...}` may stand for in a `value`, beside the kept columns of a list of URLs.
FACTS: Mapping[str, Fact] = {
    "url": lambda page: page.http.url,
    # Each redirect hop is a page of its own, so that both names mean the same.
    "final_url": lambda page: page.http.url,
    "canonical_url": lambda page: page.canonical_url,
    "status": lambda page: page.http.status,
    "depth": lambda page: page.queued.depth,
    "label": lambda page: page.queued.label,
    "parent_url": lambda page: page.queued.parent_url,
    "content_type": lambda page: page.http.media_type,
    "bytes": lambda page: len(page.http.body),
}


class GivenField:
    """A field whose value is given by the config.

    Args:
        rule: With a `value`.
        columns: Names of the kept columns; one that a page's request lacks is None there.

    Raises:
        ConfigError: A placeholder is not known.
    """

    def __init__(self, rule: FieldRule, columns: Collection[str] = ()) -> None:
        self.name = rule.name
        self._value = rule.value
        names = _PLACEHOLDER.findall(rule.value) if isinstance(rule.value, str) else []
        self._facts = {name: FACTS.get(name) or _column(name) for name in names}
        for name in names:
            if name not in FACTS and name not in columns:
                known = " ".join(f"{{{fact}}}" for fact in (*FACTS, *columns))
                raise ConfigError(f"field {rule.name!r}: {{{name}}} is not known ({known})")
        # A placeholder that stands alone keeps its type.
        self._alone = self._facts[names[0]] if rule.value in [f"{{{n}}}" for n in names] else None

    def read(self, _: object, page: PageView) -> tuple[Any, None]:
        """Return the value; None in place of whether it was found, as it is on every page."""
        if self._alone is not None:
            return self._alone(page), None
        if not self._facts:
            return self._value, None
        facts = self._facts
        return _PLACEHOLDER.sub(lambda m: _shown(facts[m[1]](page)), str(self._value)), None


def _column(name: str) -> Fact:
    return lambda page: page.columns.get(name)


def _shown(fact: Any) -> str:
    return "" if fact is None else str(fact)
