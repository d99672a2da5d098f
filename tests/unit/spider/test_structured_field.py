from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.extract.document import Document
from crawler.extract.media import Kind
from crawler.messages import Headers, HttpResponse, QueuedRequest
from crawler.spider.parsed import Parsed
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.rules import ExtractRule, FieldRule, StepRule
from crawler.spider.structured_field import KINDS, OPENGRAPH, SCHEMA_ORG

URL = "https://e.org/p/7.html"
PRODUCT = {
    "@type": "Product",
    "name": "Lamp",
    "sku": "L7",
    "itemCondition": "new",
    "image": [{"@type": "ImageObject", "url": "/l.jpg"}, "/m.jpg"],
    "brand": {"@type": "Brand", "name": "Ilum"},
    "offers": [
        {"price": "3.50", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}
    ],
    "aggregateRating": {"ratingValue": 4.5, "reviewCount": 12},
}
ARTICLE = {
    "@type": "NewsArticle",
    "headline": "News",
    "author": [{"name": "Ann"}, "Bob"],
    "datePublished": "2026-11-22T10:00:00+01:00",
    "articleBody": "Long.",
}
META = """<meta property="og:title" content="OG lamp"><meta property="og:image" content="/o.jpg">
<meta property="product:price:amount" content="9.99"><meta property="og:locale" content="en">
<meta property="product:availability" content="out of stock">"""
MICRO = """<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Micro lamp</b>
<p itemprop="color">red</p></div>"""


def scripts(*things: Any) -> str:
    return "".join(
        f'<script type="application/ld+json">{json.dumps(thing)}</script>' for thing in things
    )


def read(page: str, *fields: FieldRule, kinds: tuple[str, ...] = KINDS) -> Parsed:
    body = f"<html><body>{page}<h1>Heading 5</h1>".encode()
    row = QueuedRequest(id=1, key=1, url=URL, host="e.org")
    http = HttpResponse(url=URL, status=200, headers=Headers(), body=body)
    parsed = Parsed()
    document = Document(URL, body, Kind.HTML, "text/html; charset=utf-8")
    rule = ExtractRule(item="P", structured=kinds, fields=fields)
    RuleSpider([rule]).read(row, http, document, parsed)
    parsed.flags = document.flags
    return parsed


def value_of(page: str, name: str, *then: StepRule, **rule: Any) -> Any:
    kinds = rule.pop("kinds", KINDS)
    anything = FieldRule(name="_heading", css="h1")
    parsed = read(page, FieldRule(name=name, then=then, **rule), anything, kinds=kinds)
    return parsed.items[0].data[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Lamp"), ("title", "Lamp"), ("sku", "L7"), ("brand", "Ilum"),
        ("item_condition", "new"), ("itemCondition", "new"), ("image", "/l.jpg"),
        ("image_url", "/l.jpg"), ("price", "3.50"), ("currency", "EUR"), ("in_stock", True),
        ("availability", "https://schema.org/InStock"), ("rating", 4.5), ("review_count", 12),
        ("offers", None), ("nothing", None),
    ],
)  # fmt: skip
def test_a_field_of_a_product_is_found_by_its_name(name: str, value: Any) -> None:
    assert value_of(scripts(PRODUCT), name, kinds=("json_ld",)) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("headline", "News"), ("title", "News"), ("published", "2026-11-22T10:00:00+01:00"),
        ("date_published", "2026-11-22T10:00:00+01:00"), ("author", "Ann"), ("body", "Long."),
    ],
)  # fmt: skip
def test_a_field_of_an_article_is_found_by_its_name(name: str, value: Any) -> None:
    assert value_of(scripts(ARTICLE), name) == value


def test_every_author_is_taken_if_all_are_wanted() -> None:
    assert value_of(scripts(ARTICLE), "authors", all=True) == ["Ann", "Bob"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "OG lamp"), ("name", "OG lamp"), ("image_url", "/o.jpg"), ("price", "9.99"),
        ("locale", "en"), ("in_stock", False), ("sku", None),
    ],
)  # fmt: skip
def test_a_field_is_found_in_opengraph(name: str, value: Any) -> None:
    assert value_of(META, name, kinds=("opengraph",)) == value


def test_a_field_is_found_in_microdata() -> None:
    assert value_of(MICRO, "name", kinds=("microdata",)) == "Micro lamp"
    assert value_of(MICRO, "color", kinds=("microdata",)) == "red"


@pytest.mark.parametrize(
    ("kinds", "value"),
    [
        (("json_ld", "opengraph", "microdata"), "Lamp"),
        (("opengraph", "json_ld"), "OG lamp"),
        (("microdata", "opengraph"), "Micro lamp"),
        ((), "Heading 5"),
    ],
)
def test_kinds_are_asked_in_their_order_before_the_selector(
    kinds: tuple[str, ...], value: str
) -> None:
    page = scripts(PRODUCT) + META + MICRO

    assert value_of(page, "name", css="h1::text", kinds=kinds) == value


def test_what_one_kind_does_not_say_the_next_is_asked_for() -> None:
    page = scripts(PRODUCT) + META + MICRO

    assert value_of(page, "color") == "red"
    assert value_of(page, "nothing", css="h1::text") == "Heading 5"


def test_steps_run_over_structured_values_too() -> None:
    number, absolute = StepRule(name="number"), StepRule(name="absolute_url")

    assert value_of(scripts(PRODUCT), "price", number) == 3.5
    assert value_of(scripts(PRODUCT), "image", absolute) == "https://e.org/l.jpg"


def test_a_value_that_the_steps_cannot_read_makes_way_for_the_next_source() -> None:
    rated = StepRule(name="regex", argument="Heading ([0-9])")

    assert value_of(scripts(PRODUCT), "rating", rated, css="h1::text") == "5"


def test_a_default_is_taken_once_every_source_was_asked() -> None:
    steps = (StepRule(name="number"), StepRule(name="default", argument=0))
    product = {"@type": "Product", "name": "Lamp", "offers": {"price": "call us"}}

    assert value_of(scripts(product), "price", *steps, css="h1::text") == 5
    assert value_of(scripts(product), "price", *steps, css="h2::text") == 0
    assert value_of(scripts(PRODUCT), "price", *steps, css="h1::text") == 3.5


def test_being_in_stock_is_true_or_false_whatever_the_steps_look_for() -> None:
    steps = (StepRule(name="text"), StepRule(name="contains", argument="In stock"))

    assert value_of(scripts(PRODUCT), "in_stock", steps[1]) is True
    assert value_of(META, "in_stock", steps[1], css="h1") is False


@pytest.mark.parametrize("word", ["https://schema.org/Odd", "", 5, "yes"])
def test_a_word_for_stock_that_nobody_knows_says_nothing(word: Any) -> None:
    product = {"@type": "Product", "offers": {"availability": word}}

    assert value_of(scripts(product), "in_stock") is None


def test_a_page_on_which_nothing_is_found_gives_no_item() -> None:
    parsed = read("<p>x</p>", FieldRule(name="price"), FieldRule(name="sku"))

    assert parsed.items == []
    assert parsed.hits[0].missing == {"price": 1, "sku": 1}


def test_a_broken_script_is_a_flag_and_no_failure() -> None:
    page = '<script type="application/ld+json">{broken</script>' + META

    parsed = read(page, FieldRule(name="title"))

    assert parsed.items[0].data == {"title": "OG lamp"}
    assert parsed.flags == ("json_ld_broken",)


def test_every_alias_is_known_by_schema_org_or_opengraph_alone() -> None:
    assert all("." not in name for name in SCHEMA_ORG)
    assert all(":" in path for paths in OPENGRAPH.values() for path in paths)
