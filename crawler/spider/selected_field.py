"""One field of a rule that is found on the page: its selector, its steps, its nested record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from crawler.errors import ConfigError
from crawler.extract.document import Document
from crawler.extract.element_text import collapse, markup_of
from crawler.extract.json_text import to_plain
from crawler.extract.media import Kind
from crawler.spider.page_view import PageView
from crawler.spider.rules import FieldRule
from crawler.spider.selection import Selection, Within
from crawler.spider.step_functions import as_text, is_element
from crawler.spider.steps import Steps, is_nothing

if TYPE_CHECKING:
    from crawler.spider.structured_field import Lookup

_SIMPLE = (str, int, float, bool)
#: Characters of a text that is quoted in a problem.
QUOTED = 200


class Nested(Protocol):
    """Reads a record out of each match of a field."""

    def read(self, context: Any, page: PageView) -> tuple[dict[str, Any], bool]:
        """Return the record, and whether anything of it was found."""
        ...

    def source(self, path: str, context: Any, page: PageView) -> tuple[str, str] | None:
        """Return what one of its values was to be made of, and the steps."""
        ...


class SelectedField:
    """A field that is found on the page.

    Args:
        rule: The field.
        selection: Its selector.
        nested: What reads a record out of each match; None for a plain value.
        structured: Kinds of structured data that are asked first.

    Attributes:
        name: The field.
        kind: Of the documents that the selector can read; None if there is none.

    Raises:
        ConfigError: A step is not valid, or there is nothing to find it by.
    """

    def __init__(
        self,
        rule: FieldRule,
        selection: Selection,
        nested: Nested | None,
        structured: tuple[str, ...] = (),
    ) -> None:
        owner = f"field {rule.name!r}"
        self.name = rule.name
        self._all = rule.all
        self._selection = selection
        self._nested = nested
        self._lookups = _lookups(rule.name, () if nested else structured)
        if selection.of_page and not (selection or nested or structured):
            raise ConfigError(f"{owner}: give css, xpath, jmes or value")
        steps = Steps(rule.then, owner, many=rule.all)
        self._names = steps.names
        self._run = steps.run if rule.then else None
        self._run_if_read = steps.run_if_read if rule.then else None
        # Pages and users' functions give what no selector does: endless integers, odd objects.
        self._foreign = steps.foreign or bool(structured) or selection.inside is Within.DATA
        # Without a selector it is what surrounds it, but a whole page is no value.
        self._absent = selection.of_page and not selection and nested is None
        self._find = selection.find
        self.kind: Kind | None = None
        if selection.of_page and selection:
            self.kind = Kind.JSON if selection.inside is Within.DATA else Kind.HTML

    def read(self, context: Any, page: PageView) -> tuple[Any, bool]:
        """Return the value, and whether anything was found.

        Args:
            context: What its selector is asked about; the root of the document for a whole page.
            page: The page.

        Raises:
            CallbackError: What a user's function gave is no plain data.
        """
        if self._lookups and page.document.kind is Kind.HTML:
            value = self._structured(page)
            if value is not None:
                return value, True
        matches = self._matches(context, page)
        if self._all:
            return self._value(matches, page.document), bool(matches)
        if not matches:
            return (None if self._run is None else self._run(None, page.document)), False
        return self._value(matches[0], page.document), True

    def source(self, path: str, context: Any, page: PageView) -> tuple[str, str] | None:
        """Return the text of one match as it stands on the page, shortened, and the steps over it.

        Args:
            path: Of the value within the field's: `0` of a list, `0.price` of a list of records.
            context: As `read` has it.
            page: The page.
        """
        first, _, rest = path.partition(".")
        index, below = (int(first), rest) if first.isdecimal() else (0, path)
        if self._nested is not None:
            found = [one for one in self._found(context, page) if self._nested.read(one, page)[1]]
            within = found[index : index + 1] if below else []
            return self._nested.source(below, within[0], page) if within else None
        matches = self._matches(context, page) or [v for f in self._lookups for v in f(page)]
        text = as_text(matches[index]) if index < len(matches) and self._names else None
        if text is None:
            return None
        text = collapse(text)
        return text if len(text) <= QUOTED else text[:QUOTED] + "...", self._names

    def _found(self, context: Any, page: PageView) -> list[Any]:
        """Return what the selector finds."""
        if self._absent or (self.kind is not None and self.kind is not page.document.kind):
            return []
        return self._find(context)

    def _matches(self, context: Any, page: PageView) -> list[Any]:
        matches = self._found(context, page)
        if self._nested is None:
            return matches
        read = self._nested.read
        return [data for data, found in (read(one, page) for one in matches) if found]

    def _structured(self, page: PageView) -> Any:
        """Return the first value that the steps can read."""
        for find in self._lookups:
            values = find(page)
            if not values:
                continue
            value = values if self._all else values[0]
            if self._run_if_read is not None:
                value = self._run_if_read(value, page.document)
            if not is_nothing(value):
                return self._finished(value)
        return None

    def _value(self, value: Any, document: Document) -> Any:
        return self._finished(value if self._run is None else self._run(value, document))

    def _finished(self, value: Any) -> Any:
        if type(value) is not str:
            value = _plain(value)
        return to_plain(value, self.name) if self._foreign else value


def _lookups(name: str, kinds: tuple[str, ...]) -> tuple[Lookup, ...]:
    if not kinds:
        return ()
    from crawler.spider.structured_field import lookups

    return lookups(name, kinds)


def _plain(value: Any) -> Any:
    """Return a value with the markup of elements in their place."""
    if value is None or isinstance(value, _SIMPLE):
        return value
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return markup_of(value) if is_element(value) else value
