"""The spider that a config describes: extract rules give items, follow rules give links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crawler.extract.document import Document
from crawler.globs import PathPatterns, compile_patterns
from crawler.messages import HttpResponse, QueuedRequest
from crawler.outcome import ItemRecord
from crawler.spider.field import GivenField, SelectedField, finder
from crawler.spider.parsed import Parsed
from crawler.spider.rules import ExtractRule, FieldRule, FollowRule
from crawler.spider.spider import Spider
from crawler.urls import path_and_query

if TYPE_CHECKING:
    from lxml import etree

_LINKING = ("a", "area")


class Extraction:
    """One extract rule, compiled.

    Raises:
        ConfigError: A selector, step, placeholder or pattern is not valid.
    """

    def __init__(self, rule: ExtractRule) -> None:
        self._item = rule.item
        self._label = rule.label
        self._patterns: PathPatterns | None = None
        if rule.url_glob is not None:
            self._patterns = compile_patterns((rule.url_glob,))
        self._fields = [_field(one) for one in rule.fields]
        self._selects = any(isinstance(field, SelectedField) for field in self._fields)

    def applies(self, queued: QueuedRequest, http: HttpResponse) -> bool:
        """Tell whether the page is one of those the rule is for."""
        if self._label is not None and queued.label != self._label:
            return False
        return self._patterns is None or self._patterns.match(path_and_query(http.url))

    def read(
        self, queued: QueuedRequest, http: HttpResponse, document: Document
    ) -> ItemRecord | None:
        """Return the item; None when no selector of the rule matched anything.

        A field whose selector did not match is None, or an empty list with `all`.
        """
        data: dict[str, Any] = {}
        matched = not self._selects
        for field in self._fields:
            if isinstance(field, SelectedField):
                data[field.name], found = field.read(document)
                matched = matched or found
            else:
                data[field.name] = field.read(queued, http)
        return ItemRecord(self._item, data) if matched else None


class Following:
    """One follow rule, compiled.

    Attributes:
        label: What the pages it leads to are labelled.
    """

    def __init__(self, rule: FollowRule, place: int) -> None:
        self.label = rule.label
        self._find = finder(rule.css, rule.xpath, f"follow rule {place}")

    def hrefs(self, document: Document) -> Iterator[tuple[str, str | None]]:
        """Yield `href` and `rel` of what the rule selects, in page order.

        An element with an `href` is a link itself, another stands for the links in it; an
        attribute or a text is taken for an `href`.
        """
        for match in self._find(document.tree):
            if isinstance(match, str):
                yield match, None
            elif match.get("href") is not None:
                yield _link(match)
            else:
                yield from (_link(one) for one in match.iter(*_LINKING) if "href" in one.attrib)


class RuleSpider(Spider):
    """Extract and follow rules; also run beside a spider class, for the same pages.

    Args:
        extract: What to take from pages; every rule that applies gives one item.
        follow: Which links to follow; empty for every link in scope.
        name: Of the crawl.

    Raises:
        ConfigError: A rule is not valid.
    """

    name = "rules"

    def __init__(
        self,
        extract: Sequence[ExtractRule] = (),
        follow: Sequence[FollowRule] = (),
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.extractions = [Extraction(rule) for rule in extract]
        self.followings = [Following(rule, place) for place, rule in enumerate(follow, 1)]
        #: Place of each label in the config, from 1; of several for one page the lowest wins.
        self.label_ranks: dict[str, int] = {}
        for label in (*(rule.label for rule in follow), *(rule.label for rule in extract)):
            if label is not None:
                self.label_ranks.setdefault(label, len(self.label_ranks) + 1)

    def read(
        self, queued: QueuedRequest, http: HttpResponse, document: Document, parsed: Parsed
    ) -> None:
        """Add the items of one page to what the page gave, in the order of the rules."""
        for rule in self.extractions:
            if rule.applies(queued, http):
                item = rule.read(queued, http, document)
                if item is not None:
                    parsed.add(item)


def _field(rule: FieldRule) -> SelectedField | GivenField:
    if rule.css is None and rule.xpath is None:
        return GivenField(rule)
    return SelectedField(rule)


def _link(element: etree._Element) -> tuple[str, str | None]:
    rel = element.get("rel")
    return str(element.get("href")), None if rel is None else str(rel)
