"""Schemas of a config: what the items of each kind must look like.

Written out rather than left to pydantic, whose lax mode guesses where we promise not to (a number
is a date in Unix time to it, "on" is true, True is 1).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from crawler.errors import ConfigError
from crawler.expressions import Expression
from crawler.outcome import ItemProblem, ItemRecord, Quarantined
from crawler.spider.rules import SchemaField, SchemaRule
from crawler.spider.schema_types import READERS, Reader, Unfit, read_decimal, read_float

_BOUNDS: Mapping[str, str] = {
    "ge": "is less than",
    "gt": "is not more than",
    "le": "is more than",
    "lt": "is not less than",
}
_LENGTHS = ("min_length", "max_length")
#: Problems of one list, and fields that no schema has, that are named; a page may have any number.
_NAMED = 20
#: Seconds that a text may take to be matched with a pattern, of which a page may have thousands.
_PATIENCE = 0.1


class ItemSchemas:
    """Checks items against the schema of their kind.

    Args:
        rules: The schemas; an item of another kind passes as it is.

    Raises:
        ConfigError: A schema cannot be compiled.
    """

    def __init__(self, rules: Sequence[SchemaRule] = ()) -> None:
        names = {rule.name for rule in rules}
        self._schemas: dict[str, _Schema] = {}
        for rule in rules:
            fields = [_Field(rule.name, one, names, self._schemas) for one in rule.fields]
            self._schemas[rule.name] = _Schema(fields)

    def check(self, record: ItemRecord) -> ItemRecord | Quarantined:
        """Return the item with its values as the types of its schema, or what is wrong with it.

        Fields keep their order; those that the item lacks and may lack come after the others.
        """
        schema = self._schemas.get(record.name)
        if schema is None:
            return record
        problems: list[ItemProblem] = []
        data = schema.read(record.data, "", problems)
        if problems:
            return Quarantined(record.name, record.data, tuple(problems))
        return ItemRecord(record.name, data)


class _Schema:
    """The fields of one kind."""

    def __init__(self, fields: Sequence[_Field]) -> None:
        self._fields = {field.name: field for field in fields}

    def read(
        self, data: Mapping[str, Any], above: str, problems: list[ItemProblem]
    ) -> dict[str, Any]:
        """Return the record as its types say; add what is wrong with it."""
        fields = self._fields
        read: dict[str, Any] = {}
        unknown = 0
        for name, value in data.items():
            field = fields.get(name)
            if field is None:
                unknown += 1
                if unknown <= _NAMED:
                    problems.append(ItemProblem(above + name, value, "is not in the schema"))
            else:
                read[name] = field.read(value, above, problems)
        if len(read) < len(fields):
            for name, field in fields.items():
                if name not in read:
                    read[name] = field.read(None, above, problems)
        return read


class _Field:
    """One field of a schema, compiled.

    Args:
        kind: The schema it belongs to.
        rule: The field.
        names: Of all schemas.
        schemas: All schemas; filled later, as they may name each other.
    """

    def __init__(
        self, kind: str, rule: SchemaField, names: set[str], schemas: Mapping[str, _Schema]
    ) -> None:
        owner = f"schema {kind}, field {rule.name!r}"
        self.name = rule.name
        self._rule = rule
        self._schemas = schemas
        self._read: Reader | None = READERS.get(rule.type)
        if self._read is None and rule.type not in names:
            known = ", ".join((*READERS, *sorted(names)))
            raise ConfigError(f"{owner}: type {rule.type!r} is not known ({known})")
        self._blank = rule.type != "str"
        self._needed = not (rule.optional or rule.has_default) or rule.key
        try:
            self._limits = [_limit(rule.type, name, bound) for name, bound in rule.bounds.items()]
            self._pattern = None if rule.pattern is None else Expression(rule.pattern)
            read = self._read
            self._one_of = tuple(one if read is None else read(one) for one in rule.one_of)
        except Unfit as error:
            raise ConfigError(f"{owner}: {error}") from None
        except (re.error, OverflowError, RecursionError) as error:
            raise ConfigError(f"{owner}: pattern is no regular expression: {error}") from None
        self._plain = not (self._limits or self._pattern or self._one_of)

    def read(self, value: Any, above: str, problems: list[ItemProblem]) -> Any:
        """Return the value as its type, or None and why it cannot be."""
        if value is None or self._is_empty(value):
            return self._absent(value, above, problems)
        if self._rule.many:
            return self._list(value, above + self.name, problems)
        return self._one(value, above + self.name, problems)

    def _is_empty(self, value: Any) -> bool:
        """Tell whether a value stands for none: a blank text, but where texts may be blank."""
        rule = self._rule
        if value == []:
            return rule.has_default or rule.key
        return isinstance(value, str) and (self._blank or rule.key) and not value.strip()

    def _absent(self, value: Any, above: str, problems: list[ItemProblem]) -> Any:
        if self._needed:
            reason = "is missing" if value is None else "is empty"
            problems.append(ItemProblem(above + self.name, value, reason))
        # A copy, as an item may be changed after.
        return copy.deepcopy(self._rule.default) if self._rule.has_default else None

    def _list(self, value: Any, path: str, problems: list[ItemProblem]) -> Any:
        if not isinstance(value, list):
            reason = "is no list (`all: true` gives one)"
            problems.append(ItemProblem(path, value, reason))
            return None
        for bound in _LENGTHS:
            self._check_length(bound, value, path, problems)
        read = []
        enough = len(problems) + _NAMED
        for place, one in enumerate(value):
            read.append(self._one(one, f"{path}.{place}", problems))
            if len(problems) >= enough:
                break  # what follows may be as wrong, and as long as a page
        return read

    def _one(self, value: Any, path: str, problems: list[ItemProblem]) -> Any:
        if self._read is None:
            if isinstance(value, dict):
                return self._schemas[self._rule.type].read(value, f"{path}.", problems)
            problems.append(ItemProblem(path, value, f"is no {self._rule.type}"))
            return None
        try:
            read = self._read(value)
        except Unfit as error:
            reason = "is missing" if value is None else str(error)
            problems.append(ItemProblem(path, value, reason))
            return None
        if not self._plain:
            self._check(read, path, problems)
        return read

    def _check(self, value: Any, path: str, problems: list[ItemProblem]) -> None:
        """Hold a value against what the schema says beside its type."""
        for name, bound in self._limits:
            if name in _LENGTHS:
                if not self._rule.many:
                    self._check_length(name, value, path, problems)
            elif not _keeps(name, value, bound):
                problems.append(ItemProblem(path, value, f"{_BOUNDS[name]} {bound}"))
        if self._pattern is not None and (why := _mismatch(self._pattern, str(value))):
            problems.append(ItemProblem(path, value, why))
        if self._one_of and value not in self._one_of:
            allowed = ", ".join(str(one) for one in self._one_of)
            problems.append(ItemProblem(path, value, f"is not one of {allowed}"))

    def _check_length(
        self, name: str, value: Sequence[Any], path: str, problems: list[ItemProblem]
    ) -> None:
        bound = self._rule.bounds.get(name)
        if bound is None:
            return
        what = "members" if isinstance(value, list) else "characters"
        length = len(value)
        if name == "min_length" and length < bound:
            problems.append(ItemProblem(path, value, f"has {length} {what}, fewer than {bound}"))
        elif name == "max_length" and length > bound:
            problems.append(ItemProblem(path, value, f"has {length} {what}, more than {bound}"))


def _limit(kind: str, name: str, bound: Any) -> tuple[str, Any]:
    """Return a bound as it is compared: exact beside exact values, a float beside floats."""
    if name in _LENGTHS:
        return name, bound
    if name not in _BOUNDS or kind not in ("int", "float", "decimal"):
        raise Unfit(f"{name} does not go with {kind}")
    return name, read_float(bound) if kind == "float" else read_decimal(bound)


def _mismatch(pattern: Expression, text: str) -> str:
    """Say why a text does not match, "" if it does."""
    try:
        return (
            ""
            if pattern.search(text, _PATIENCE) is not None
            else f"does not match {pattern.pattern!r}"
        )
    except TimeoutError:
        return f"is not matched with {pattern.pattern!r} within {_PATIENCE} s"


def _keeps(name: str, value: Any, bound: Any) -> bool:
    if name == "ge":
        return bool(value >= bound)
    if name == "gt":
        return bool(value > bound)
    return bool(value <= bound) if name == "le" else bool(value < bound)
