"""The spider that a config describes: extract rules give items, follow rules give links."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from crawler.errors import ConfigError
from crawler.extract.document import Document
from crawler.messages import HttpResponse, QueuedRequest
from crawler.spider.extraction import Extraction
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.page_view import PageView
from crawler.spider.parsed import Parsed
from crawler.spider.rules import ExtractRule, FollowRule
from crawler.spider.selection import finder
from crawler.spider.spider import Spider

if TYPE_CHECKING:
    from lxml import etree

_LINKING = ("a", "area")


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
        extract: What to take from pages; every rule that applies gives its items.
        follow: Which links to follow; empty for every link in scope.
        name: Of the crawl.
        schemas: What the items of each kind must look like.
        columns: Kept columns of the lists of URLs, which placeholders may name.

    Attributes:
        extractions: The extract rules, compiled.
        followings: The follow rules, compiled.
        label_ranks: Place of each label in the config, from 1; of several for one page the lowest
            wins.
        reads_json: A rule can read JSON documents.

    Raises:
        ConfigError: A rule is not valid; the message begins with its place, as `extract.0`.
    """

    name = "rules"

    def __init__(
        self,
        extract: Sequence[ExtractRule] = (),
        follow: Sequence[FollowRule] = (),
        name: str | None = None,
        *,
        schemas: ItemSchemas | None = None,
        columns: Collection[str] = (),
    ) -> None:
        super().__init__(name)
        checks = schemas or ItemSchemas()
        self.extractions = [
            _extraction(rule, f"extract.{number}", checks, columns)
            for number, rule in enumerate(extract)
        ]
        self.followings = [Following(rule, place) for place, rule in enumerate(follow, 1)]
        self.label_ranks: dict[str, int] = {}
        for label in (*(rule.label for rule in follow), *(rule.label for rule in extract)):
            if label is not None:
                self.label_ranks.setdefault(label, len(self.label_ranks) + 1)
        self.reads_json = any(one.reads_json for one in self.extractions)

    def read(
        self, queued: QueuedRequest, http: HttpResponse, document: Document, parsed: Parsed
    ) -> None:
        """Add the items of one page to what the page gave, in the order of the rules."""
        page: PageView | None = None
        for rule in self.extractions:
            if rule.applies(queued, http, document.kind):
                page = page or PageView(queued, http, document)
                rule.read(page, parsed)


def _extraction(
    rule: ExtractRule, place: str, schemas: ItemSchemas, columns: Collection[str]
) -> Extraction:
    try:
        return Extraction(rule, place, schemas, columns)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error.problems[0].message}") from None


def _link(element: etree._Element) -> tuple[str, str | None]:
    rel = element.get("rel")
    return str(element.get("href")), None if rel is None else str(rel)
