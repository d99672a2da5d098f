"""One extract rule of a config: the pages it is for, and the items it takes from them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from crawler.errors import ConfigError
from crawler.extract.media import Kind
from crawler.globs import PathPatterns, compile_patterns
from crawler.messages import HttpResponse, QueuedRequest
from crawler.outcome import ItemRecord, Quarantined, RuleHit
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.page_view import PageView
from crawler.spider.parsed import Parsed
from crawler.spider.record import Record
from crawler.spider.rules import ExtractRule
from crawler.spider.selection import Selection, Within
from crawler.urls import path_and_query


class Extraction:
    """One extract rule, compiled.

    Args:
        rule: The rule.
        place: Its place in the config, as `extract.0`.
        schemas: What its items must look like.
        columns: Kept columns, which placeholders may name.

    Attributes:
        place: As given.
        item: The kind of its items.
        reads_json: It can read JSON documents.

    Raises:
        ConfigError: A selector, step, placeholder or pattern is not valid.
    """

    def __init__(
        self,
        rule: ExtractRule,
        place: str,
        schemas: ItemSchemas,
        columns: Collection[str] = (),
    ) -> None:
        self.place = place
        self.item = rule.item
        self._schemas = schemas
        self._label = rule.label
        self._patterns: PathPatterns | None = None
        if rule.url_glob is not None:
            self._patterns = compile_patterns((rule.url_glob,))
        if rule.each is not None and rule.structured:
            raise ConfigError("`try` speaks of the whole page, `each` of its parts: use one")
        self._each: Selection | None = None
        within = Within.PAGE
        if rule.each is not None:
            self._each = Selection(rule.each, Within.PAGE, "each")
            if not self._each:
                raise ConfigError("each: give exactly one of css, xpath and jmes")
            within = self._each.inside
        self._record = Record(rule.fields, within, structured=rule.structured, columns=columns)
        self.reads_json = self._record.reads_json or within is Within.DATA
        self._kinds = self._record.kinds
        if self._each is not None:
            self._kinds = {Kind.JSON if within is Within.DATA else Kind.HTML}

    def applies(self, queued: QueuedRequest, http: HttpResponse, kind: Kind) -> bool:
        """Tell whether the page is one of those the rule is for.

        A rule for any page is for those that its selectors can read; one that names its pages is
        for them, whatever they turn out to be.
        """
        if self._label is not None and queued.label != self._label:
            return False
        if self._patterns is not None:
            return self._patterns.match(path_and_query(http.url))
        return self._label is not None or not self._kinds or kind in self._kinds

    def read(self, page: PageView, parsed: Parsed) -> None:
        """Add the items of a page, and what the rule found, to what the page gave."""
        found = 0
        missing: dict[str, int] = {}
        nowhere: dict[str, int] = {}
        for context in self._contexts(page):
            data, absent = self._record.look(context, page)
            # Nothing of it is there: this is another kind of page, or a row of headings.
            there = self._record.found(absent)
            counts = missing if there else nowhere
            for name in absent:
                counts[name] = counts.get(name, 0) + 1
            if there:
                found += 1
                item = self._schemas.check(ItemRecord(self.item, data))
                if isinstance(item, Quarantined):
                    item = self._explained(item, context, page)
                parsed.add(item)
        parsed.hits.append(RuleHit(self.place, found, (missing if found else nowhere) or None))

    def _contexts(self, page: PageView) -> Iterator[Any]:
        kind = page.document.kind
        if self._each is None:
            yield self._root(page, kind)
        elif kind in self._kinds:
            yield from self._each.find(self._root(page, kind))

    def _root(self, page: PageView, kind: Kind) -> Any:
        # A rule of constants alone parses nothing.
        if kind not in self._kinds:
            return None
        return page.data if kind is Kind.JSON else page.tree

    def _explained(self, item: Quarantined, context: Any, page: PageView) -> Quarantined:
        problems = tuple(self._record.explain(one, context, page) for one in item.problems)
        return msgspec.structs.replace(item, problems=problems)
