"""One page as the fields of a rule see it: everything is read when asked for, and then once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from crawler.extract.document import Document
from crawler.extract.media import Kind
from crawler.messages import HttpResponse, QueuedRequest
from crawler.spider.payload import decode
from crawler.urls import join

if TYPE_CHECKING:
    from lxml import etree

    from crawler.extract.entities import MainEntity


class PageView:
    """What rules know of a page.

    Attributes:
        queued: What was asked for.
        http: What came back.
        document: Its body.
    """

    def __init__(self, queued: QueuedRequest, http: HttpResponse, document: Document) -> None:
        self.queued = queued
        self.http = http
        self.document = document

    @property
    def tree(self) -> etree._Element:
        """The root of the page, read as HTML."""
        return self.document.tree

    @cached_property
    def columns(self) -> dict[str, str]:
        """Kept columns of the list of URLs that the page comes from."""
        return decode(self.queued.payload).kept

    @cached_property
    def canonical_url(self) -> str:
        """What the page says its URL is, absolute; its own URL when it does not say (RFC 6596)."""
        links = self.tree.iter("link") if self.document.kind is Kind.HTML else ()
        for link in links:
            if "canonical" in (link.get("rel") or "").lower().split():
                url = join(self.document.base, str(link.get("href") or ""))
                if url is not None:
                    return url
        return self.http.url

    @cached_property
    def json_ld(self) -> MainEntity:
        """What the page is about, by its JSON-LD."""
        from crawler.extract.entities import MainEntity
        from crawler.extract.json_ld import read_json_ld

        found, flags = read_json_ld(self.tree)
        self.document.note(*flags)
        return MainEntity(found)

    @cached_property
    def microdata(self) -> MainEntity:
        """What the page is about, by its microdata."""
        from crawler.extract.entities import MainEntity
        from crawler.extract.microdata import read_microdata

        return MainEntity(read_microdata(self.tree))

    @cached_property
    def opengraph(self) -> dict[str, list[str]]:
        """Its OpenGraph properties, names in lower case."""
        from crawler.extract.opengraph import read_opengraph

        return read_opengraph(self.tree)

    @cached_property
    def data(self) -> Any:
        """What the document holds, if it is JSON."""
        return self.document.data
