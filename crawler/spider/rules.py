"""Rules of a config as plain values: what to extract, what to follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class StepRule(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a field's `then`.

    Attributes:
        name: `text`, `number`, `regex`...; see `crawler.spider.steps`.
        argument: What the config gives it; None for a step that stands alone.
        function: Of the step `python`: the user's, imported.
    """

    name: str
    argument: Any = None
    function: Callable[[Any], Any] | None = None


class FieldRule(msgspec.Struct, frozen=True, kw_only=True):
    """How one field of an item is found.

    At most one of `css`, `xpath`, `jmes` and `value` is given; without any of them it is found by
    its rule's `structured` data alone, or stands for the matching element itself (in `each`).

    Attributes:
        name: The field.
        css: CSS selector; `::text` and `::attr(name)` as in Scrapy.
        xpath: XPath expression.
        jmes: JMESPath expression, for JSON documents.
        value: A constant; in text, `{url}` and its like stand for facts of the page.
        all: Every match as a list, empty when there is none; else the first match, or None.
        then: Steps that turn a match into the value, in order.
        fields: Makes each match a nested record of these fields, selected within it.
    """

    name: str
    css: str | None = None
    xpath: str | None = None
    value: object = None
    all: bool = False
    then: tuple[StepRule, ...] = ()
    jmes: str | None = None
    fields: tuple[FieldRule, ...] = ()


class SelectorRule(msgspec.Struct, frozen=True, kw_only=True):
    """One selector; exactly one of these is given."""

    css: str | None = None
    xpath: str | None = None
    jmes: str | None = None


class ExtractRule(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of item and the pages it is on.

    Attributes:
        item: The item's kind.
        label: Only pages whose request has this label; None for any.
        url_glob: Only pages whose URL matches this pattern (`crawler.globs`); None for any.
        each: One item for every match, its fields selected within it; None for one item a page.
        structured: Kinds of structured data that are asked before the selectors, in this order:
            `json_ld`, `opengraph`, `microdata`.
        fields: In the order they are to have in the item.
    """

    item: str
    each: SelectorRule | None = None
    structured: tuple[str, ...] = ()
    label: str | None = None
    url_glob: str | None = None
    fields: tuple[FieldRule, ...] = ()


class FollowRule(msgspec.Struct, frozen=True, kw_only=True):
    """Which links of a page are followed, and the label that their pages get.

    Attributes:
        css: CSS selector of elements that link, or have links in them; or use `xpath`.
        label: Picks the extract rules of the pages that it leads to.
    """

    css: str | None = None
    xpath: str | None = None
    label: str | None = None


class SchemaField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a schema.

    Attributes:
        name: The field.
        type: `str int float decimal bool date datetime url`, or the name of another schema.
        many: A list of that type.
        optional: It may be missing, and is None then.
        default: What it is when it is missing; meaningless unless `has_default`.
        key: Part of what tells one item from another; it may not be missing.
        bounds: `ge gt le lt` to numbers; `min_length max_length` to whole numbers, of a text or a
            list.
        pattern: Regular expression that is searched in the text; None for none.
        one_of: The only values allowed; empty for any.
    """

    name: str
    type: str
    many: bool = False
    optional: bool = False
    has_default: bool = False
    default: Any = None
    key: bool = False
    bounds: dict[str, Any] = msgspec.field(default_factory=dict)
    pattern: str | None = None
    one_of: tuple[Any, ...] = ()


class SchemaRule(msgspec.Struct, frozen=True, kw_only=True):
    """What items of one kind must look like; the kind is the schema's name."""

    name: str
    fields: tuple[SchemaField, ...] = ()
