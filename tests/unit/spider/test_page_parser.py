from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest

from crawler.errors import CloseSpider, ConfigError, FetchError, IgnoreRequest
from crawler.extract.response import Response
from crawler.items import Field, Item
from crawler.messages import (
    HOP_RANK,
    FetchRequest,
    Headers,
    HttpResponse,
    NewRequest,
    QueuedRequest,
    Request,
)
from crawler.outcome import ItemRecord, LinkBatch, RuleHit
from crawler.policy.scope import Scope
from crawler.spider.callbacks import CallbackRef
from crawler.spider.failure import CallbackFailed, RequestFailure
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.page_parser import PageParser, Started
from crawler.spider.page_spider import PageSpider
from crawler.spider.parsed import Parsed
from crawler.spider.payload import Payload, encode
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.rules import (
    ExtractRule,
    FieldRule,
    FollowRule,
    SchemaField,
    SchemaRule,
    StepRule,
)
from crawler.spider.spider import Spider

URL = "https://e.org/a/"


def queued(url: str = URL, **fields: Any) -> QueuedRequest:
    return QueuedRequest(id=7, key=1, url=url, host="e.org", **fields)


def answer(
    body: bytes = b"", url: str = URL, headers: dict[str, str] | None = None
) -> HttpResponse:
    fields = Headers({"Content-Type": "text/html; charset=utf-8"} | (headers or {}))
    return HttpResponse(url=url, status=200, headers=fields, body=body)


def calling(name: str, **payload: Any) -> QueuedRequest:
    return queued(payload=encode(Payload(callback=CallbackRef(name), **payload)))


class Book(Item):
    title = Field()


@dataclasses.dataclass
class Point:
    x: int


class Shop(Spider):
    name = "shop"
    start_urls = ("https://e.org/",)
    handle_httpstatus_list = (404,)

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:
        for link in response.css("a"):
            yield response.follow(link, self.book, meta=response.meta, cb_kwargs={"rank": (1, 2)})
        yield {"title": response.css("title::text").get()}

    def book(self, response: Response, *args: Any, **kwargs: Any) -> list[Any]:
        return [{"args": args, "kwargs": kwargs, "meta": response.meta}]

    def generator(self, response: Response) -> Iterator[Any]:
        yield {"n": 1}
        yield None
        yield Request("https://e.org/x")

    async def async_generator(self, response: Response) -> AsyncIterator[Any]:
        yield {"n": 1}
        yield None
        yield Request("https://e.org/x")

    async def coroutine(self, response: Response) -> list[Any]:
        return [{"n": 1}, None, Request("https://e.org/x")]

    async def coroutine_of_generator(self, response: Response) -> Any:
        return self.generator(response)

    def list(self, response: Response) -> Any:
        return [{"n": 1}, None, Request("https://e.org/x")]

    def nothing(self, response: Response) -> None:
        return None

    async def nothing_later(self, response: Response) -> None:
        return None

    def one_dict(self, response: Response) -> Any:
        return {"n": 1}

    def one_item(self, response: Response) -> Any:
        return Book(title="t")

    def one_dataclass(self, response: Response) -> Any:
        return Point(1)

    def one_request(self, response: Response) -> Any:
        return Request("https://e.org/x")

    def text(self, response: Response) -> Any:
        return "oops"

    def raises(self, response: Response) -> Iterator[Any]:
        yield {"n": 1}
        raise RuntimeError("broken")

    async def raises_async(self, response: Response) -> AsyncIterator[Any]:
        yield {"n": 1}
        raise RuntimeError("broken")

    def raises_at_once(self, response: Response) -> None:
        raise RuntimeError("broken")

    def wrong_arguments(self) -> None:
        """Take no response."""

    def gives_lambda(self, response: Response) -> Iterator[Any]:
        yield {"n": 1}
        yield Request("https://e.org/x", lambda r: None)

    def gives_response(self, response: Response) -> Iterator[Any]:
        yield {"page": response}

    def closes(self, response: Response) -> Iterator[Any]:
        yield {"n": 1}
        raise CloseSpider("enough")

    def ignores(self, response: Response) -> Iterator[Any]:
        yield {"n": 1}
        yield Request("https://f.org/x")
        raise IgnoreRequest("not this one")

    def leaves(self, response: Response) -> Iterator[Any]:
        yield Request("https://f.org/1")
        yield Request("https://f.org/2", dont_filter=True)
        yield Request("https://f.org/3", meta={"allow_offsite": True})
        yield Request("mailto:x@e.org")
        yield Request("https://e.org/4", priority=5, label="book")

    def on_error(self, failure: RequestFailure) -> Iterator[Any]:
        yield {"failed": failure.request.url, "why": str(failure.value)}


def parser(spider: Spider | None = None, **options: Any) -> PageParser:
    scope = options.pop("scope", None) or Scope(hosts=["e.org"])
    return PageParser(spider or Shop(), scope, **options)


# --- Callbacks ---------------------------------------------------------------------------------

ONE_ITEM = [ItemRecord("item", {"n": 1})]


@pytest.mark.parametrize(
    "shape",
    ["generator", "async_generator", "coroutine", "coroutine_of_generator", "list"],
)
async def test_a_callback_may_give_many_in_any_shape(shape: str) -> None:
    parsed = await parser().parse(calling(shape), answer())

    assert parsed.items == ONE_ITEM
    assert [one.url for one in parsed.requests] == ["https://e.org/x"]


@pytest.mark.parametrize(
    ("shape", "items"),
    [
        ("nothing", []),
        ("nothing_later", []),
        ("one_request", []),
        ("one_dict", ONE_ITEM),
        ("one_item", [ItemRecord("Book", {"title": "t"})]),
        ("one_dataclass", [ItemRecord("Point", {"x": 1})]),
    ],
)
async def test_a_callback_may_give_one_or_nothing(shape: str, items: list[ItemRecord]) -> None:
    assert (await parser().parse(calling(shape), answer())).items == items


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raises", "RuntimeError: broken"),
        ("raises_async", "RuntimeError: broken"),
        ("raises_at_once", "RuntimeError: broken"),
        ("gives_lambda", r"CallbackError: callback .*<lambda> is a lambda"),
    ],
)
async def test_a_failing_callback_names_the_users_file_and_line(name: str, message: str) -> None:
    with pytest.raises(
        CallbackFailed, match=rf"{message}.* \(spider/test_page_parser.py:\d+ in {name}\)"
    ):
        await parser().parse(calling(name), answer())


async def test_an_item_that_is_no_plain_data_is_set_aside_alone_and_names_the_line() -> None:
    parsed = await parser().parse(calling("gives_response"), answer())

    (broken,) = parsed.quarantined
    (problem,) = broken.problems
    assert (problem.field, problem.value) == ("page", None)
    assert re.fullmatch(
        r"holds a HtmlResponse, which is no plain data"
        r" \(spider/test_page_parser.py:\d+ in gives_response\)",
        problem.reason,
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text", "expected requests or items, got str: 'oops'"),
        ("gone", "Shop has no method 'gone'"),
        ("wrong_arguments", "TypeError"),
    ],
)
async def test_a_callback_that_cannot_be_used_fails_its_page(name: str, message: str) -> None:
    with pytest.raises(CallbackFailed, match=message):
        await parser().parse(calling(name), answer())


async def test_a_payload_that_cannot_be_read_fails_its_page() -> None:
    row = queued(payload=b"\xc1")

    with pytest.raises(CallbackFailed, match="cannot be read"):
        await parser().parse(row, answer())
    with pytest.raises(CallbackFailed, match="cannot be read"):
        parser().fetch_request(row)


async def test_close_spider_keeps_what_was_given_before() -> None:
    parsed = await parser().parse(calling("closes"), answer())

    assert (parsed.items, parsed.close_reason) == (ONE_ITEM, "enough")


async def test_ignore_request_leaves_out_everything_of_the_page() -> None:
    parsed = await parser().parse(calling("ignores"), answer())

    assert parsed == Parsed(ignored="not this one")


async def test_requests_out_of_scope_are_counted_unless_they_insist() -> None:
    parsed = await parser().parse(calling("leaves"), answer())

    assert [one.url for one in parsed.requests] == [
        "https://f.org/2", "https://f.org/3", "https://e.org/4",
    ]  # fmt: skip
    assert parsed.offsite == {
        "f.org": (1, "https://f.org/1"),
        "mailto:": (1, "mailto:x@e.org"),
    }


async def test_a_request_goes_one_deeper_and_keeps_its_order() -> None:
    parsed = await parser().parse(queued(depth=3), answer(b"<a href=1>x</a><a href=2>y</a>"))

    assert [(one.url, one.depth, one.ordinal) for one in parsed.requests] == [
        (f"{URL}1", 4, 0),
        (f"{URL}2", 4, 1),
    ]


async def test_a_method_that_is_set_later_is_in_upper_case_too() -> None:
    class Asking(Spider):
        name = "asking"

        def parse(self, response: Response) -> Iterator[Any]:
            request = Request("https://e.org/x")
            request.method = "head"
            yield request

    parsed = await parser(Asking()).parse(queued(), answer())

    assert [one.method for one in parsed.requests] == ["HEAD"]


async def test_arguments_and_meta_reach_the_callback() -> None:
    shop = Shop()
    first = await parser(shop).parse(queued(depth=1), answer(b"<a href=1>x</a>"))
    row = first.requests[0]

    second = await parser(shop).parse(
        queued(row.url, depth=row.depth, payload=row.payload), answer(url=row.url)
    )

    assert second.items[0].data == {
        "args": [], "kwargs": {"rank": [1, 2]}, "meta": {"depth": 2},
    }  # fmt: skip


async def test_a_spider_class_follows_nothing_by_itself() -> None:
    parsed = await parser().parse(calling("nothing"), answer(b"<a href=x>y</a>"))

    assert parsed == Parsed()


# --- Requests to the fetcher -------------------------------------------------------------------


def test_a_plain_row_is_fetched_as_it_is() -> None:
    row = queued(method="POST", body=b"x")

    assert parser().fetch_request(row) == FetchRequest(url=URL, method="POST", body=b"x")


@pytest.mark.parametrize("cookies", [{"a": "b"}, [{"name": "a", "value": "b", "path": "/"}]])
def test_what_a_request_carries_reaches_the_fetcher(cookies: Any) -> None:
    meta = {"download_timeout": 5, "download_maxsize": 9, "dont_merge_cookies": True}
    payload = Payload(headers=(("x-a", b"1"),), cookies=cookies, meta=meta)

    request = parser().fetch_request(queued(payload=encode(payload)))

    assert request == FetchRequest(
        url=URL, headers=(("x-a", b"1"),), cookies=(("a", "b"),), use_jar=False, timeout=5.0,
        max_body=9,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("meta", "status", "wanted"),
    [
        ({}, 404, True),
        ({}, 500, False),
        ({"handle_httpstatus_list": [500]}, 500, True),
        ({"handle_httpstatus_list": [500]}, 404, False),
        ({"handle_httpstatus_all": True}, 503, True),
        ({"dont_redirect": True}, 301, True),
        ({"dont_redirect": True}, 500, False),
    ],
)
def test_a_callback_sees_only_the_statuses_it_asked_for(
    meta: dict[str, Any], status: int, wanted: bool
) -> None:
    row = queued(payload=encode(Payload(meta=meta)))

    assert parser().wants_status(row, status) is wanted
    assert not parser(PageSpider()).wants_status(row, status)


# --- Redirects ---------------------------------------------------------------------------------


def test_a_hop_inherits_and_comes_next() -> None:
    payload = Payload(callback=CallbackRef("book"), meta={"a": 1}, dont_filter=True)
    row = queued(depth=3, rank=5, label="book", payload=encode(payload))

    hop = parser().hop(row, "/c", 302)

    assert (hop.url, hop.depth, hop.rank, hop.label) == ("https://e.org/c", 3, 5 + HOP_RANK, "book")
    assert hop.dont_filter
    assert hop.payload == encode(msgspec.structs.replace(payload, hops=(URL,)))


def test_a_second_hop_keeps_the_users_priority() -> None:
    first = parser().hop(queued(rank=-5), "/c", 302)

    second = parser().hop(queued(first.url, rank=first.rank, payload=first.payload), "/d", 302)

    assert second.rank == HOP_RANK - 5


def test_a_hop_back_into_its_own_chain_is_fetched_again() -> None:
    first = parser().hop(queued(), "/c", 302)

    second = parser().hop(queued(first.url, payload=first.payload), URL, 302)

    assert (first.dont_filter, second.dont_filter) == (False, True)


def test_too_many_hops_are_a_redirect_error() -> None:
    row = queued(payload=encode(Payload(hops=("https://e.org/1",))))

    with pytest.raises(FetchError, match="more than 1 redirects"):
        parser(hop_limit=1).hop(row, "/c", 302)


@pytest.mark.parametrize(
    ("is_start", "grow_scope", "skip", "admitted"),
    [(True, True, None, True), (True, False, "scope", False), (False, True, "scope", False)],
    ids=["a-start-url-takes-its-host-along", "not-if-hosts-are-named", "other-pages-do-not"],
)
def test_a_hop_out_of_scope(
    is_start: bool, grow_scope: bool, skip: str | None, admitted: bool
) -> None:
    scope = Scope(hosts=["e.org"])
    one = parser(scope=scope, grow_scope=grow_scope)

    hop = one.hop(queued(is_start=is_start), "https://www.e.org/", 301)

    assert (hop.skip, hop.is_start) == (skip, is_start)
    assert scope.admits("https://www.e.org/x") is admitted


def test_a_denied_path_stays_denied_for_a_start_url() -> None:
    scope = Scope(hosts=["e.org"], deny=["/private/**"])

    assert parser(scope=scope).hop(queued(is_start=True), "/private/x", 302).skip == "scope"


async def test_the_callback_sees_where_it_was_redirected_from() -> None:
    row = queued(payload=encode(Payload(callback=CallbackRef("book"), hops=("https://e.org/1",))))

    parsed = await parser().parse(row, answer())

    meta = parsed.items[0].data["meta"]
    assert meta == {"depth": 0, "redirect_urls": ["https://e.org/1"], "redirect_times": 1}


# --- Start and errback -------------------------------------------------------------------------


class Starter(Spider):
    name = "starter"

    def __init__(self, *given: Any) -> None:
        super().__init__()
        self.given = given

    async def start(self) -> AsyncIterator[Any]:
        for one in self.given:
            if isinstance(one, Exception):
                raise one
            yield one


async def started(*given: Any) -> list[Started]:
    return [one async for one in parser(Starter(*given)).start()]


async def test_start_gives_requests_with_their_ordinals_and_items() -> None:
    found = await started(Request("https://e.org/1"), {"n": 1}, None, Request("HTTPS://E.org/2#x"))

    assert found == [
        NewRequest(url="https://e.org/1", is_start=True),
        ItemRecord("item", {"n": 1}),
        NewRequest(url="https://e.org/2", is_start=True, ordinal=1),
    ]


async def test_a_start_url_out_of_scope_is_on_the_books_only() -> None:
    found = await started(Request("https://f.org/"))

    assert found == [NewRequest(url="https://f.org/", is_start=True, skip="scope")]


async def test_a_start_url_that_cannot_be_crawled_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="start URL: scheme 'ftp'"):
        await started(Request("ftp://e.org/"))


async def test_a_start_that_raises_is_located() -> None:
    with pytest.raises(
        CallbackFailed, match=r"KeyError: 'x' \(spider/test_page_parser.py:\d+ in start"
    ):
        await started(KeyError("x"))


async def test_start_is_pulled_one_at_a_time() -> None:
    first = await anext(parser(Starter(Request("https://e.org/1"), KeyError("later"))).start())

    assert first == NewRequest(url="https://e.org/1", is_start=True)


async def test_the_errback_of_a_request_hears_of_its_failure() -> None:
    row = queued(payload=encode(Payload(errback=CallbackRef("on_error"))))

    parsed = await parser().errback(row, FetchError("dns", "no such host", url=URL))

    assert parsed is not None
    assert parsed.items == [ItemRecord("item", {"failed": URL, "why": "no such host"})]


async def test_a_request_without_an_errback_needs_none() -> None:
    assert await parser().errback(queued(), FetchError("dns", "x", url=URL)) is None


# --- Pages without callbacks -------------------------------------------------------------------


async def test_each_html_page_is_one_page_item_and_its_links_one_batch() -> None:
    body = b"<title> A  page </title><a href=x>1</a><a href=x#y>2</a><a href=/z>3</a><area href=q>"

    parsed = await parser(PageSpider()).parse(queued(depth=2), answer(body))

    data = {
        "url": URL, "status": 200, "title": "A page", "depth": 2, "content_type": "text/html",
        "bytes": len(body), "links": 3,
    }  # fmt: skip
    assert parsed == Parsed(
        items=[ItemRecord("Page", data)],
        links=[LinkBatch([f"{URL}x", "https://e.org/z", f"{URL}q"])],
    )


@pytest.mark.parametrize("content_type", ["image/png", "text/plain", "application/pdf"])
async def test_other_documents_give_nothing(content_type: str) -> None:
    http = answer(b"<a href=x>", headers={"Content-Type": content_type})

    assert await parser(PageSpider()).parse(queued(), http) == Parsed()


async def test_an_empty_page_is_a_page() -> None:
    parsed = await parser(PageSpider()).parse(queued(), answer(b""))

    assert [item.data["title"] for item in parsed.items] == [None]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<meta name=ROBOTS content='noindex, NoFollow'><a href=x>", {}),
        (b"<meta name=crawler content=none><a href=x>", {}),
        (b"<a href=x>", {"X-Robots-Tag": "nofollow"}),
        (b"<a href=x rel=nofollow>", {}),
    ],
)
async def test_nofollow_is_obeyed_when_robots_are(body: bytes, headers: dict[str, str]) -> None:
    http = answer(body, headers=headers)

    obeyed = await parser(PageSpider()).parse(queued(), http)
    ignored = await parser(PageSpider(), robots_token=None).parse(queued(), http)

    assert (obeyed.links, obeyed.nofollow) == ([], 1)
    assert (ignored.links, ignored.nofollow) == ([LinkBatch([f"{URL}x"])], 0)


async def test_links_out_of_scope_are_counted_by_host_with_a_sample() -> None:
    body = b"<a href=//f.org/1>1</a><a href=//f.org/2>2</a><a href=x>3</a>"

    parsed = await parser(PageSpider()).parse(queued(), answer(body))

    assert parsed.offsite == {"f.org": (2, "https://f.org/1")}
    assert parsed.links == [LinkBatch([f"{URL}x"])]


async def test_too_many_links_are_cut_and_flagged() -> None:
    body = b"".join(b"<a href=%d>" % n for n in range(9))

    parsed = await parser(PageSpider(), max_links=4).parse(queued(), answer(body))

    assert [len(batch.urls) for batch in parsed.links] == [4]
    assert "links_capped" in parsed.flags


async def test_no_link_is_followed_when_following_is_off() -> None:
    parsed = await parser(PageSpider(), follow=False).parse(queued(), answer(b"<a href=x>"))

    assert parsed.links == []
    assert len(parsed.items) == 1


async def test_a_start_page_brings_its_host_back_into_scope() -> None:
    row = queued("https://www.e.org/", is_start=True)

    parsed = await parser(PageSpider()).parse(row, answer(b"<a href=x>", "https://www.e.org/"))

    assert parsed.links == [LinkBatch(["https://www.e.org/x"])]


TITLE = ExtractRule(item="T", fields=(FieldRule(name="t", css="title::text"),))


async def test_follow_rules_label_what_they_lead_to() -> None:
    rules = RuleSpider(
        [TITLE], [FollowRule(css="li", label="list"), FollowRule(xpath="//a/@href", label="book")]
    )
    body = b"<title>x</title><li><a href=1>1</a><a href=2>2</a></li><a href=1>1</a><a href=3>3</a>"

    parsed = await parser(rules).parse(queued(), answer(body))

    assert parsed.items == [ItemRecord("T", {"t": "x"})]
    assert parsed.links == [
        LinkBatch([f"{URL}1", f"{URL}2"], "list", 1),
        LinkBatch([f"{URL}3"], "book", 2),
    ]


async def test_rules_without_follow_rules_follow_every_link() -> None:
    parsed = await parser(RuleSpider([TITLE])).parse(queued(), answer(b"<a href=x>"))

    assert parsed.links == [LinkBatch([f"{URL}x"])]


async def test_rules_beside_a_class_read_the_same_pages() -> None:
    rules = RuleSpider([TITLE], [FollowRule(css="a", label="list")])
    body = b"<title>x</title><a href=1>1</a>"

    parsed = await parser(Shop(), rules=rules).parse(calling("one_dict"), answer(body))

    assert parsed.items == [*ONE_ITEM, ItemRecord("T", {"t": "x"})]
    assert parsed.links == [LinkBatch([f"{URL}1"], "list", 1)]


async def test_beside_rules_a_class_need_not_parse() -> None:
    parsed = await parser(Starter(), rules=RuleSpider([TITLE])).parse(
        queued(), answer(b"<title>x</title><a href=1>1</a>")
    )

    assert parsed.items == [ItemRecord("T", {"t": "x"})]
    assert parsed.links == []


async def test_items_of_a_class_are_held_against_their_schema() -> None:
    schema = SchemaRule(name="item", fields=(SchemaField(name="n", type="str"),))

    parsed = await parser(Shop(), schemas=ItemSchemas([schema])).parse(
        calling("one_dict"), answer()
    )

    assert parsed.items == []
    assert [(one.field, one.value) for one in parsed.quarantined[0].problems] == [("n", 1)]


async def test_what_a_step_of_the_user_raises_fails_its_page_and_names_the_line() -> None:
    def shout(value: str) -> str:
        raise ValueError(f"no {value}")

    then = (StepRule(name="python", function=shout),)
    rule = ExtractRule(item="T", fields=(FieldRule(name="t", css="title::text", then=then),))

    with pytest.raises(
        CallbackFailed, match=r"ValueError: no x \(.*test_page_parser.py:\d+ in shout"
    ):
        await parser(RuleSpider([rule])).parse(queued(), answer(b"<title>x</title>"))


async def test_what_each_follow_rule_selected_is_counted_in_scope_or_not() -> None:
    follow = [FollowRule(css="a"), FollowRule(css="nav a", label="nav")]
    body = b"<a href=1>1</a><a href=https://other.example/>2</a>"

    parsed = await parser(RuleSpider([], follow)).parse(queued(), answer(body))

    assert parsed.hits == [RuleHit("follow.0", 2), RuleHit("follow.1", 0)]


# --- Large pages -------------------------------------------------------------------------------

LARGE = b"<title>x</title><a href=y>z</a>" + b"<p>word</p>" * 30_000
SMALL = b"<title>x</title><a href=y>z</a>"


class Readers(Spider):
    name = "readers"

    def parse(self, response: Response) -> Iterator[Any]:
        yield {"title": response.css("title::text").get()}


async def calls_aside(spider: Spider, body: bytes) -> tuple[int, list[Any]]:
    calls = []

    async def aside(make: Any) -> object:
        calls.append(make)
        return await asyncio.to_thread(make)

    parsed = await parser(spider, aside=aside).parse(queued(), answer(body))
    return len(calls), [item.data for item in parsed.items]


@pytest.mark.parametrize("spider", [RuleSpider([TITLE]), Readers()], ids=["rules", "callback"])
async def test_the_tree_of_a_large_page_is_made_in_a_thread(spider: Spider) -> None:
    large, small = await calls_aside(spider, LARGE), await calls_aside(spider, SMALL)

    assert (large[0], small[0]) == (1, 0)
    assert large[1] == small[1] != []


async def test_a_page_that_nobody_selects_from_gets_no_tree() -> None:
    assert (await calls_aside(PageSpider(), LARGE))[0] == 0
