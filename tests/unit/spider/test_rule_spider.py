from __future__ import annotations

from typing import Any

import pytest

from crawler.errors import ConfigError
from crawler.extract.document import Document
from crawler.extract.media import Kind
from crawler.messages import Headers, HttpResponse, QueuedRequest
from crawler.outcome import ItemRecord
from crawler.spider.parsed import Parsed
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.rules import ExtractRule, FieldRule, FollowRule, StepRule

URL = "https://e.org/catalogue/a/index.html?x=1"
BOOK = b"""<base href=/b/><h1> A <i>tale</i> </h1><p class=price> \xc2\xa31,051.77 </p>
<p class=price>2</p><img src=c.jpg><a href=1>one</a><a href=2>two</a>"""


def steps(*names: str | StepRule) -> tuple[StepRule, ...]:
    return tuple(StepRule(name=one) if isinstance(one, str) else one for one in names)


def read(*rules: ExtractRule, body: bytes = BOOK, label: str | None = None) -> list[ItemRecord]:
    queued = QueuedRequest(id=1, key=1, url=URL, host="e.org", depth=2, label=label)
    headers = Headers({"Content-Type": "text/html; charset=utf-8"})
    http = HttpResponse(url=URL, status=200, headers=headers, body=body)
    parsed = Parsed()
    RuleSpider(rules).read(queued, http, Document(URL, body, Kind.HTML, "text/html"), parsed)
    return parsed.items


def value_of(body: bytes = BOOK, **field: Any) -> Any:
    also = FieldRule(name="also", css="h1, p")
    field["then"] = steps(*field.get("then", ()))
    return read(ExtractRule(item="B", fields=(FieldRule(name="f", **field), also)), body=body)[
        0
    ].data["f"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"css": "h1::text"}, " A "),
        ({"css": "h1"}, "<h1> A <i>tale</i> </h1>"),
        ({"css": "h1", "then": ("text",)}, "A tale"),
        ({"css": "h1::text", "then": ("strip",)}, "A"),
        ({"css": ".price::text", "then": ("number",)}, 1051.77),
        ({"css": ".price", "then": ("number",)}, 1051.77),
        ({"css": ".price::text", "all": True, "then": ("number",)}, [1051.77, 2]),
        ({"css": "img::attr(src)", "then": ("absolute_url",)}, "https://e.org/b/c.jpg"),
        ({"css": "img", "then": ("absolute_url",)}, "https://e.org/b/c.jpg"),
        ({"css": "a::attr(href)", "all": True, "then": ("count",)}, 2),
        ({"xpath": "//a[2]/text()"}, "two"),
        ({"xpath": "count(//a)", "then": ("number",)}, 2.0),
        ({"css": "h2::text"}, None),
        ({"css": "h2::text", "then": ("strip", "number", "text", "absolute_url")}, None),
        ({"css": "h1::text", "then": ("number", "strip")}, None),
        ({"css": "h2", "all": True}, []),
        ({"css": "h2", "all": True, "then": ("count",)}, 0),
        ({"value": "{url}"}, URL),
        ({"value": "{final_url}"}, URL),
        ({"value": "{status}"}, 200),
        ({"value": "at depth {depth}"}, "at depth 2"),
        ({"value": 7}, 7),
        ({"value": "shop"}, "shop"),
    ],
)
def test_a_field_is_selected_and_taken_through_its_steps(
    field: dict[str, Any], expected: Any
) -> None:
    assert value_of(**field) == expected


@pytest.mark.parametrize(
    ("rule", "label", "applies"),
    [
        ({}, None, True),
        ({"label": "book"}, "book", True),
        ({"label": "book"}, None, False),
        ({"url_glob": "/catalogue/*/index.html"}, None, True),
        ({"url_glob": "/other/**"}, None, False),
        ({"url_glob": "/catalogue/**", "label": "book"}, "list", False),
    ],
)
def test_a_rule_applies_by_label_and_by_url(
    rule: dict[str, Any], label: str | None, applies: bool
) -> None:
    field = FieldRule(name="t", css="h1")

    assert bool(read(ExtractRule(item="B", fields=(field,), **rule), label=label)) is applies


def test_every_rule_that_applies_gives_its_item_in_order() -> None:
    fields = (FieldRule(name="t", css="i::text"),)

    items = read(ExtractRule(item="A", fields=fields), ExtractRule(item="B", fields=fields))

    assert items == [ItemRecord("A", {"t": "tale"}), ItemRecord("B", {"t": "tale"})]


def test_an_item_of_which_nothing_was_found_is_not_given() -> None:
    fields = (
        FieldRule(name="a", css="h2"),
        FieldRule(name="b", css="h3", all=True),
        FieldRule(name="n", css="h3", all=True, then=steps("count")),
        FieldRule(name="u", value="{url}"),
    )

    assert read(ExtractRule(item="B", fields=fields)) == []


def test_a_rule_that_selects_nothing_describes_the_page() -> None:
    assert read(ExtractRule(item="B", fields=(FieldRule(name="u", value="{url}"),))) == [
        ItemRecord("B", {"u": URL})
    ]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"css": "a["}, "field 'f': css selector 'a\\[' is not valid"),
        ({"css": "a::foo"}, "pseudo-element ::foo"),
        ({"xpath": "//["}, "field 'f': xpath"),
        ({"css": "a", "xpath": "//a"}, "exactly one of css and xpath"),
        ({"css": "a", "then": ("shout",)}, "step 'shout' is not known"),
        ({"css": "a", "then": ("count",)}, "count needs a list: `all: true`"),
        ({"value": "{nope}"}, r"\{nope\} is not known"),
    ],
)
def test_a_bad_field_is_refused_when_the_spider_is_made(
    field: dict[str, Any], message: str
) -> None:
    field["then"] = steps(*field.get("then", ()))

    with pytest.raises(ConfigError, match=message):
        RuleSpider([ExtractRule(item="B", fields=(FieldRule(name="f", **field),))])


@pytest.mark.parametrize("rule", [FollowRule(), FollowRule(css="a["), FollowRule(xpath="//a[")])
def test_a_bad_follow_rule_is_refused_by_its_place(rule: FollowRule) -> None:
    with pytest.raises(ConfigError, match="follow rule 2"):
        RuleSpider([], [FollowRule(css="a"), rule])


def test_labels_rank_as_they_stand_in_the_config() -> None:
    spider = RuleSpider(
        [ExtractRule(item="B", label="book"), ExtractRule(item="S", label="start")],
        [FollowRule(css="a", label="list"), FollowRule(css="b"), FollowRule(css="i", label="book")],
    )

    assert spider.label_ranks == {"list": 1, "book": 2, "start": 3}
