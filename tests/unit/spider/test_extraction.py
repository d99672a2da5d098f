from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import CallbackError, ConfigError
from crawler.extract.document import Document
from crawler.extract.media import Kind
from crawler.items import encode_fields
from crawler.messages import Headers, HttpResponse, QueuedRequest
from crawler.outcome import ItemProblem, ItemRecord, Quarantined, RuleHit
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.parsed import Parsed
from crawler.spider.payload import Payload, encode
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.rules import (
    ExtractRule,
    FieldRule,
    SchemaField,
    SchemaRule,
    SelectorRule,
    StepRule,
)

URL = "https://e.org/shop/index.html"
LIST = b"""<h1>Lamps</h1><table><tr><th>Name<th>Price
<tr class=lamp><td class=name>One<td class=price>3.50<td><a href=1>a</a><a href=2>b</a>
<tr class=lamp><td class=name>Two<td class=price>call us</table>"""
API = {
    "next": "/api?page=2",
    "books": [
        {"title": "A", "price": 28.03, "tags": ["x", "y"], "by": {"name": "Ann"}},
        {"title": "B", "price": None, "tags": [], "big": 1 << 70},
    ],
}


def field(name: str, *then: str | StepRule, **rule: Any) -> FieldRule:
    steps = tuple(StepRule(name=one) if isinstance(one, str) else one for one in then)
    return FieldRule(name=name, then=steps, **rule)


def rule(*fields: FieldRule, **given: Any) -> ExtractRule:
    return ExtractRule(item="B", fields=fields, **given)


def read(
    *rules: ExtractRule,
    body: bytes | dict[str, Any] = LIST,
    kind: Kind = Kind.HTML,
    schema: tuple[SchemaField, ...] = (),
    more: tuple[SchemaRule, ...] = (),
    columns: tuple[str, ...] = (),
    **queued: Any,
) -> Parsed:
    if isinstance(body, dict):
        body, kind = json.dumps(body).encode(), Kind.JSON
    row = QueuedRequest(id=1, key=1, url=URL, host="e.org", **queued)
    http = HttpResponse(url=URL, status=200, headers=Headers(), body=body)
    schemas = ItemSchemas([SchemaRule(name="B", fields=schema), *more] if schema else ())
    parsed = Parsed()
    document = Document(URL, body, kind, "text/html; charset=utf-8")
    RuleSpider(rules, schemas=schemas, columns=columns).read(row, http, document, parsed)
    parsed.flags = document.flags
    return parsed


def data_of(*rules: ExtractRule, **given: Any) -> list[dict[str, Any]]:
    return [item.data for item in read(*rules, **given).items]


NAME, PRICE = field("name", css=".name::text"), field("price", "number", css=".price::text")


def test_each_match_gives_an_item_with_its_own_fields() -> None:
    found = data_of(rule(NAME, PRICE, each=SelectorRule(css="tr.lamp")))

    assert found == [{"name": "One", "price": 3.5}, {"name": "Two", "price": None}]


def test_a_match_in_which_nothing_is_found_is_no_item_and_not_counted() -> None:
    parsed = read(rule(NAME, PRICE, each=SelectorRule(xpath="//tr")))

    assert [item.data["name"] for item in parsed.items] == ["One", "Two"]
    assert parsed.hits == [RuleHit("extract.0", 2)]


def test_a_path_from_anywhere_stays_within_its_element() -> None:
    cells = rule(field("td", xpath="//td/text()"), each=SelectorRule(css="tr.lamp"))
    titles = rule(field("h1", xpath="/html/body/h1/text()"), each=SelectorRule(css="tr.lamp"))

    assert data_of(cells) == [{"td": "One"}, {"td": "Two"}]
    assert data_of(titles) == [{"h1": "Lamps"}, {"h1": "Lamps"}]


def test_a_field_without_a_selector_is_the_element_itself() -> None:
    links = rule(
        field("text", "text"), field("url", "absolute_url"), each=SelectorRule(css=".lamp a")
    )

    assert data_of(links) == [
        {"text": "a", "url": "https://e.org/shop/1"},
        {"text": "b", "url": "https://e.org/shop/2"},
    ]


def test_records_nest_as_deep_as_they_are_written() -> None:
    link = field("link", css="a", fields=(field("href", css="::attr(href)"),))
    lamps = field("lamps", css=".lamp", all=True, fields=(NAME, link))

    assert data_of(rule(field("title", css="h1::text"), lamps)) == [
        {
            "title": "Lamps",
            "lamps": [
                {"name": "One", "link": {"href": "1"}},
                {"name": "Two", "link": None},
            ],
        }
    ]


def test_a_record_without_a_selector_groups_fields_of_what_is_around_it() -> None:
    assert data_of(rule(field("of", fields=(NAME, PRICE)))) == [
        {"of": {"name": "One", "price": 3.5}}
    ]


def test_steps_over_lists_work_on_records_too() -> None:
    lamps = field("lamps", "count", css=".lamp", all=True, fields=(NAME,))

    assert data_of(rule(lamps)) == [{"lamps": 2}]


def test_json_is_read_by_jmes_and_gives_its_own_types() -> None:
    books = rule(
        field("title", jmes="title"),
        field("price", "decimal", jmes="price"),
        field("tags", jmes="tags", all=True),
        field("by", jmes="by.name"),
        field("whole", jmes="big"),
        field("url", value="{url}"),
        each=SelectorRule(jmes="books"),
    )

    assert data_of(books, body=API) == [
        {"title": "A", "price": Decimal("28.03"), "tags": ["x", "y"], "by": "Ann", "whole": None,
         "url": URL},
        {"title": "B", "price": None, "tags": [], "by": None, "whole": str(1 << 70), "url": URL},
    ]  # fmt: skip


def test_json_as_a_whole_and_its_records_are_read_by_jmes() -> None:
    book = field("books", jmes="books", all=True, fields=(field("t", jmes="title"),))

    assert data_of(rule(field("next", "absolute_url", jmes="next"), book), body=API) == [
        {"next": "https://e.org/api?page=2", "books": [{"t": "A"}, {"t": "B"}]}
    ]


def test_a_rule_for_any_page_is_for_those_its_selectors_can_read() -> None:
    html, data = rule(NAME), rule(field("t", jmes="books[0].title"))

    assert [hit.rule for hit in read(html, data).hits] == ["extract.0"]
    assert [hit.rule for hit in read(html, data, body=API).hits] == ["extract.1"]


def test_a_rule_that_names_its_pages_says_so_when_they_are_of_another_kind() -> None:
    assert read(rule(NAME, label="list"), body=API, label="list").hits == [
        RuleHit("extract.0", 0, {"name": 1})
    ]


def test_json_is_not_mistaken_for_markup() -> None:
    assert data_of(rule(field("p", css="p"), field("t", jmes="a")), body={"a": "<p>x</p>"}) == [
        {"p": None, "t": "<p>x</p>"}
    ]


def test_a_document_that_only_says_it_is_json_gives_nothing_and_is_flagged() -> None:
    parsed = read(rule(field("t", jmes="a")), body=b"<html>", kind=Kind.JSON)

    assert parsed.items == []
    assert parsed.flags == ("not_json",)


@pytest.mark.parametrize(
    ("rules", "reads_json"),
    [
        ([rule(NAME)], False),
        ([rule(field("t", jmes="a"))], True),
        ([rule(field("x"), each=SelectorRule(jmes="a"))], True),
        ([rule(NAME), rule(field("r", fields=(field("t", jmes="a"),)))], True),
        ([], False),
    ],
)
def test_a_spider_knows_whether_it_can_read_json(
    rules: list[ExtractRule], reads_json: bool
) -> None:
    assert RuleSpider(rules).reads_json is reads_json


def test_what_a_rule_found_is_counted_with_the_fields_it_missed() -> None:
    rating = field("rating", css=".rating")
    lamps = rule(NAME, PRICE, rating, each=SelectorRule(css="tr.lamp"))

    parsed = read(lamps, rule(rating), rule(NAME, label="other"), rule(field("u", value="{url}")))

    assert parsed.hits == [
        RuleHit("extract.0", 2, {"rating": 2}),
        RuleHit("extract.1", 0, {"rating": 1}),
        RuleHit("extract.3", 1),
    ]


SCHEMA = (
    SchemaField(name="name", type="str", key=True),
    SchemaField(name="price", type="decimal"),
)


def test_an_item_that_breaks_its_schema_is_kept_aside_with_what_stood_on_the_page() -> None:
    parsed = read(rule(NAME, PRICE, each=SelectorRule(css="tr.lamp")), schema=SCHEMA)

    assert parsed.items == [ItemRecord("B", {"name": "One", "price": Decimal("3.5")})]
    assert parsed.quarantined == [
        Quarantined(
            "B",
            {"name": "Two", "price": None},
            (ItemProblem("price", "call us", "`then: [number]` can make nothing of it"),),
        )
    ]
    assert parsed.hits == [RuleHit("extract.0", 2)]


def test_a_member_of_a_list_is_kept_aside_with_what_stood_on_the_page() -> None:
    prices = field("prices", "number", css=".price::text", all=True)

    parsed = read(rule(prices), schema=(SchemaField(name="prices", type="float", many=True),))

    assert parsed.quarantined[0].problems == (
        ItemProblem("prices.1", "call us", "`then: [number]` can make nothing of it"),
    )


@pytest.mark.parametrize("many", [True, False])
def test_a_value_of_a_record_is_kept_aside_with_what_stood_on_the_page(many: bool) -> None:
    # The row of headings is no record: it has no place among them.
    selector = {"xpath": "//tr" if many else "//tr[last()]"}
    lamps = field("lamps", fields=(NAME, PRICE), all=many, **selector)
    schema = (SchemaField(name="lamps", type="Lamp", many=many),)

    parsed = read(rule(lamps), schema=schema, more=(SchemaRule(name="Lamp", fields=SCHEMA),))

    path = "lamps.1.price" if many else "lamps.price"
    assert parsed.quarantined[0].problems == (
        ItemProblem(path, "call us", "`then: [number]` can make nothing of it"),
    )


def test_a_field_that_is_not_there_is_missing() -> None:
    price = field("price", "number", css=".cost::text")

    parsed = read(rule(NAME, price), schema=SCHEMA)

    assert parsed.quarantined[0].problems == (ItemProblem("price", None, "is missing"),)


def test_a_long_text_is_quoted_in_part() -> None:
    body = b"<h1>a</h1><p>" + b"x" * 1000
    rules = rule(field("name", css="h1::text"), field("price", "number", css="p"))

    problem = read(rules, schema=SCHEMA, body=body).quarantined[0].problems[0]

    assert problem.value == "x" * 200 + "..."


CANONICAL = b'<base href="/b/"><link rel="Canonical" href="c.html?x=1#y"><h1>t</h1>'


@pytest.mark.parametrize(
    ("body", "url"),
    [
        (CANONICAL, "https://e.org/b/c.html?x=1"),
        (b"<link rel=canonical href=''><h1>t</h1>", URL),
        (b"<link rel=canonical href='mailto:a@b'><link rel=icon href=/i>", URL),
        (b"<link rel='shortlink canonical' href='http://x.org/'>", "http://x.org/"),
    ],
)
def test_the_canonical_url_is_what_the_page_says_or_its_own(body: bytes, url: str) -> None:
    assert data_of(rule(field("u", value="{canonical_url}")), body=body) == [{"u": url}]


def test_the_canonical_url_of_json_is_its_own() -> None:
    data = {"a": "<link rel=canonical href=/x>"}

    assert data_of(rule(field("u", value="{canonical_url}")), body=data) == [{"u": URL}]


def test_kept_columns_are_facts_of_the_page() -> None:
    facts = rule(
        field("sku", value="{sku}"), field("c", value="{colour}"), field("t", value="{sku}-{c}")
    )
    payload = encode(Payload(kept={"sku": "7", "c": "red"}))

    found = data_of(facts, columns=("sku", "colour", "c"), payload=payload)

    assert found == [{"sku": "7", "c": None, "t": "7-red"}]


def test_a_kept_column_may_have_any_name() -> None:
    facts = rule(field("name", value="{Product name}"), field("empty", value="{}"))
    payload = encode(Payload(kept={"Product name": "Lamp"}))

    found = data_of(facts, columns=("Product name",), payload=payload)

    assert found == [{"name": "Lamp", "empty": "{}"}]


def test_a_function_of_the_user_may_give_any_plain_data_and_nothing_else() -> None:
    def parts(value: str) -> Any:
        return {"price": (1, 2)} if value == "3.50" else object()

    then = StepRule(name="python", argument="m:f", function=parts)

    assert data_of(rule(field("p", then, css=".price::text"))) == [{"p": {"price": [1, 2]}}]
    with pytest.raises(CallbackError, match=r"field 'p\[1\]' holds a object"):
        data_of(rule(field("p", then, css=".price::text", all=True)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (rule(field("f")), "extract.0: field 'f': give css, xpath, jmes or value"),
        (rule(field("f", css="a", jmes="a")), "exactly one of css and jmes"),
        (rule(field("f", css="a", value="x")), "a value stands alone"),
        (rule(field("f", "text", value="x")), "a value stands alone"),
        (rule(field("f", jmes="a[")), "field 'f': jmes 'a\\['"),
        (rule(field("f", jmes="a"), each=SelectorRule(css="a")), "jmes is for JSON"),
        (rule(field("f", css="a"), each=SelectorRule(jmes="a")), "css is for pages"),
        (rule(field("f", jmes="a", fields=(field("g", xpath="a"),))), "xpath is for pages"),
        (rule(NAME, each=SelectorRule(css="a[")), "extract.0: each: css selector"),
        (rule(NAME, each=SelectorRule()), "each: give exactly one of css, xpath and jmes"),
        (rule(NAME, each=SelectorRule(css="a"), structured=("json_ld",)), "use one"),
        (rule(NAME, structured=("rdfa",)), "try: 'rdfa' is not known \\(json_ld"),
        (rule(NAME, url_glob="shop/*"), "pattern 'shop/\\*'"),
        (rule(field("u", value="{sku}")), "\\{sku\\} is not known"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_by_its_place(given: ExtractRule, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RuleSpider([given])


ANY_RULES = [
    rule(NAME, PRICE, field("t", "text", css="*"), field("n", "count", css="*", all=True)),
    rule(field("x", "datetime", css="td"), each=SelectorRule(css="tr")),
    rule(field("name"), field("price", "decimal"), field("in_stock"),
         structured=("json_ld", "opengraph", "microdata")),
    rule(field("j", jmes="*"), field("k", "text", jmes="@")),
]  # fmt: skip


@given(
    st.binary()
    | st.text(alphabet='<>/="abhintrdepom:@{}[]é \n', max_size=300).map(str.encode)
    | st.just(LIST),
    st.sampled_from([Kind.HTML, Kind.JSON]),
)
def test_whatever_a_page_holds_its_items_can_be_written(body: bytes, kind: Kind) -> None:
    for item in read(*ANY_RULES, body=body, kind=kind).items:
        assert encode_fields(item.data)
