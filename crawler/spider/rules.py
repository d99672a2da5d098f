"""Rules of a config as plain values: what to extract, what to follow."""

from __future__ import annotations

import msgspec


class FieldRule(msgspec.Struct, frozen=True, kw_only=True):
    """How one field of an item is found; exactly one of `css`, `xpath` and `value` is given.

    Attributes:
        name: The field.
        css: CSS selector; `::text` and `::attr(name)` as in Scrapy.
        xpath: XPath expression.
        value: A constant; in text, `{url}` and its like stand for facts of the page.
        all: Every match as a list, empty when there is none; else the first match, or None.
        then: Names of steps that turn a match into the value, in order.
    """

    name: str
    css: str | None = None
    xpath: str | None = None
    value: object = None
    all: bool = False
    then: tuple[str, ...] = ()


class ExtractRule(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of item and the pages it is on.

    Attributes:
        item: The item's kind.
        label: Only pages whose request has this label; None for any.
        url_glob: Only pages whose URL matches this pattern (`crawler.globs`); None for any.
        fields: In the order they are to have in the item.
    """

    item: str
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
