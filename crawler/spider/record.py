"""The fields of one record: of a page, of an element in it, or nested in another record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from crawler.errors import ConfigError
from crawler.extract.media import Kind
from crawler.outcome import ItemProblem
from crawler.spider.field import GivenField
from crawler.spider.page_view import PageView
from crawler.spider.rules import FieldRule
from crawler.spider.selected_field import SelectedField
from crawler.spider.selection import Selection, Within


class Record:
    """Reads several fields from the same thing.

    Args:
        rules: In the order they are to have in the record.
        within: What the record is read from.
        structured: Kinds of structured data that its fields are asked of first.
        columns: Kept columns, which placeholders may name.

    Attributes:
        kinds: Of the documents that its selectors can read; empty if it selects nothing.
        reads_json: A selector is for JSON.

    Raises:
        ConfigError: A field is not valid.
    """

    def __init__(
        self,
        rules: Sequence[FieldRule],
        within: Within,
        *,
        structured: tuple[str, ...] = (),
        columns: Collection[str] = (),
    ) -> None:
        self._columns = columns
        self._structured = structured
        self.kinds: set[Kind] = {Kind.HTML} if structured else set()
        self.reads_json = False
        self._fields = [self._field(rule, within) for rule in rules]
        self._selected = {f.name: f for f in self._fields if isinstance(f, SelectedField)}

    def _field(self, rule: FieldRule, within: Within) -> SelectedField | GivenField:
        selectors = (rule.css, rule.xpath, rule.jmes)
        if rule.value is not None:
            if selectors != (None, None, None) or rule.fields or rule.then:
                raise ConfigError(f"field {rule.name!r}: a value stands alone")
            return GivenField(rule, self._columns)
        selection = Selection(rule, within, f"field {rule.name!r}")
        nested = None
        if rule.fields:
            nested = Record(rule.fields, selection.inside, columns=self._columns)
            self.kinds |= nested.kinds
        field = SelectedField(rule, selection, nested, self._structured)
        self.kinds |= set() if field.kind is None else {field.kind}
        self.reads_json |= rule.jmes is not None or (nested is not None and nested.reads_json)
        return field

    def read(self, context: Any, page: PageView) -> tuple[dict[str, Any], bool]:
        """Return the record, and whether anything of it was found.

        A field that was not found is None, or an empty list with `all`.
        """
        data, missing = self.look(context, page)
        return data, self.found(missing)

    def look(self, context: Any, page: PageView) -> tuple[dict[str, Any], list[str]]:
        """Return the record, and the fields of which nothing was found."""
        data: dict[str, Any] = {}
        missing: list[str] = []
        for field in self._fields:
            data[field.name], found = field.read(context, page)
            if found is False:
                missing.append(field.name)
        return data, missing

    def found(self, missing: Sequence[str]) -> bool:
        """Tell whether anything was found; a record that selects nothing always is."""
        return not self._selected or len(missing) < len(self._selected)

    def explain(self, problem: ItemProblem, context: Any, page: PageView) -> ItemProblem:
        """Return a problem with what stood on the page, if that is what nothing could be made of.

        Only asked for what is wrong, so that a good item costs nothing.
        """
        source = None if problem.value is not None else self.source(problem.field, context, page)
        if source is None:
            return problem
        raw, steps = source
        return ItemProblem(problem.field, raw, f"`then: [{steps}]` can make nothing of it")

    def source(self, path: str, context: Any, page: PageView) -> tuple[str, str] | None:
        """Return the text that a value was to be made of, and the steps that were to make it.

        Args:
            path: Dotted, with the places of members of lists: `offers.0.price`.
            context: What the record is read from.
            page: The page.
        """
        name, _, below = path.partition(".")
        field = self._selected.get(name)
        return None if field is None else field.source(below, context, page)
