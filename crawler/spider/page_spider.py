"""The spider of a config that has neither rules nor a spider class: one item for each page."""

from __future__ import annotations

from crawler.extract.document import Document
from crawler.extract.media import Kind
from crawler.messages import HttpResponse, QueuedRequest
from crawler.outcome import ItemRecord
from crawler.spider.parsed import Parsed
from crawler.spider.spider import Spider

#: Kind of the items it gives.
PAGE_ITEM = "Page"


class PageSpider(Spider):
    """Gives a `Page` item for every HTML page; read directly, without callbacks."""

    name = "pages"

    def read(
        self, queued: QueuedRequest, http: HttpResponse, document: Document, parsed: Parsed
    ) -> None:
        """Add the item of one HTML page to what the page gave."""
        if document.kind is not Kind.HTML:
            return
        page = document.page
        data = {
            "url": http.url,
            "status": http.status,
            "title": page.title,
            "depth": queued.depth,
            "content_type": http.media_type,
            "bytes": len(http.body),
            "links": page.anchors,
        }
        parsed.items.append(ItemRecord(PAGE_ITEM, data))
