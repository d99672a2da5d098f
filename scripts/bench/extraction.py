"""What extraction by rules costs beside the same spider written by hand.

Both read the product pages of the practice shop in this process, parsing included, and must give
the same items. The two take turns and each is judged by its quickest turn, so that whatever else
the machine does troubles neither:

    python -m scripts.bench.extraction
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import re
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from crawler.extract.response import Response
from crawler.messages import Headers, HttpResponse, QueuedRequest
from crawler.outcome import ItemRecord
from crawler.policy.scope import Scope
from crawler.practice.page import Visit
from crawler.practice.site import Shop
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.page_parser import PageParser
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.rules import ExtractRule, FieldRule, SchemaField, SchemaRule, StepRule
from crawler.spider.spider import Spider

#: What rules may cost at most, beside the spider by hand.
GOAL = 1.3

_HOST = "shop.example"
_STARS = {"One": 1, "Two": 2, "Three": 3, "Four": 4, "Five": 5}
_UPC = "//th[.='UPC']/following-sibling::td/text()"
_RATED = re.compile(r"star-rating (\w+)")

Page = tuple[QueuedRequest, HttpResponse]


class ByHand(Spider):
    """The fields of example A, as somebody would write them."""

    name = "by_hand"

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        """Give the book of a product page."""
        price = response.css("p.price_color::text").get() or ""
        rated = response.css("p.star-rating").xpath("@class").re_first(_RATED)
        image = response.css("#product_gallery img::attr(src)").get()
        shown = " ".join(response.css("p.availability *::text, p.availability::text").getall())
        yield {
            "upc": response.xpath(_UPC).get(),
            "title": response.css("h1::text").get(),
            "price": Decimal(price.strip().lstrip("£")),
            "in_stock": "In stock" in " ".join(shown.split()),
            "rating": _STARS.get(rated or ""),
            "image_url": None if image is None else response.urljoin(image),
        }


def by_rules() -> RuleSpider:
    """Return the same as rules with a schema."""
    fields = (
        FieldRule(name="upc", xpath=_UPC),
        FieldRule(name="title", css="h1::text"),
        FieldRule(name="price", css="p.price_color::text", then=(StepRule(name="decimal"),)),
        FieldRule(
            name="in_stock",
            css="p.availability",
            then=(StepRule(name="text"), StepRule(name="contains", argument="In stock")),
        ),
        FieldRule(
            name="rating",
            css="p.star-rating::attr(class)",
            then=(
                StepRule(name="regex", argument=_RATED.pattern),
                StepRule(name="map", argument=_STARS),
            ),
        ),
        FieldRule(
            name="image_url",
            css="#product_gallery img::attr(src)",
            then=(StepRule(name="absolute_url"),),
        ),
    )
    schema = SchemaRule(
        name="item",
        fields=(
            SchemaField(name="upc", type="str", key=True),
            SchemaField(name="title", type="str"),
            SchemaField(name="price", type="decimal", bounds={"ge": 0}),
            SchemaField(name="in_stock", type="bool", has_default=True, default=False),
            SchemaField(name="rating", type="int", optional=True, bounds={"ge": 1, "le": 5}),
            SchemaField(name="image_url", type="url", optional=True),
        ),
    )
    rule = ExtractRule(item="item", label="book", fields=fields)
    return RuleSpider([rule], schemas=ItemSchemas([schema]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures, and return 1 if rules cost more than the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--turns", type=int, default=15, help="of each, over all pages")
    turns = options.parse_args(arguments).turns
    pages = _pages()
    hand, rules = _reader(ByHand()), _reader(by_rules())
    expected = hand(pages)
    if len(expected) != len(pages) or rules(pages) != expected:
        raise SystemExit("the two do not give the same items")
    seconds: dict[str, list[float]] = {"by hand": [], "by rules": []}
    for _ in range(turns):
        for name, read in (("by hand", hand), ("by rules", rules)):
            gc.collect()
            began = time.process_time()
            read(pages)
            seconds[name].append(time.process_time() - began)
    best = {name: min(times) / len(pages) * 1e6 for name, times in seconds.items()}
    ratio = best["by rules"] / best["by hand"]
    size = sum(len(http.body) for _, http in pages) / len(pages)
    print(f"{len(pages)} product pages of {size:.0f} bytes, CPU per page, best of {turns} turns")
    for name, cost in best.items():
        print(f"  {name:<9} {cost:7.1f} us")
    print(f"  ratio     {ratio:7.2f}    (goal: at most {GOAL})")
    return int(ratio > GOAL)


def _pages() -> list[Page]:
    """Return every product page of the shop, as a crawl would get it."""
    shop = Shop()
    headers = Headers({"Content-Type": "text/html; charset=utf-8"})
    pages = []
    for number, book in enumerate(shop.books, 1):
        url = f"https://{_HOST}{book.path}"
        body = shop.answer(Visit(path=book.path, origin=f"https://{_HOST}")).body
        queued = QueuedRequest(id=number, key=number, url=url, host=_HOST, label="book")
        pages.append((queued, HttpResponse(url=url, status=200, headers=headers, body=body)))
    return pages


def _reader(spider: Spider) -> Callable[[Sequence[Page]], list[ItemRecord]]:
    """Return what reads pages as the workers do, without following links."""
    parser = PageParser(spider, Scope(hosts=[_HOST]), follow=False)

    async def read(pages: Sequence[Page]) -> list[ItemRecord]:
        return [item for page in pages for item in (await parser.parse(*page)).items]

    return lambda pages: asyncio.run(read(pages))


if __name__ == "__main__":
    raise SystemExit(main())
