from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from crawler.errors import CloseSpider, IgnoreRequest
from crawler.extract.response import Response
from crawler.messages import Headers, HttpResponse, QueuedRequest, StoredCookie
from crawler.outcome import ErrorClass, PageOutcome, SkipReason, State
from crawler.policy.retry import RetryPolicy
from crawler.policy.scope import Scope
from crawler.spider.callbacks import CallbackRef
from crawler.spider.failure import RequestFailure
from crawler.spider.page_parser import PageParser
from crawler.spider.page_spider import PageSpider
from crawler.spider.payload import Payload, encode
from crawler.spider.spider import Spider
from crawler.spider.spider_state import SpiderState
from crawler.testing.fake_clock import FakeClock
from crawler.testing.fake_fetcher import FakeFetcher, Reply, html, redirect
from crawler.workers.visit import Visitor

URL = "http://a.example/page"


@dataclass
class Watchman:
    """A guard that remembers who came and went, and calls out while someone is in."""

    log: list[str] = field(default_factory=list)

    def enter(self, row: int) -> None:
        self.log.append(f"in {row}")

    def leave(self, row: int) -> None:
        self.log.append(f"out {row}")


class Shop(Spider):
    name = "shop"

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:
        yield {"status": response.status}
        yield response.follow("/next")

    def raises(self, response: Response) -> Iterator[Any]:
        yield {"lost": True}
        self.state["touched"] = 1
        raise ValueError("no price")

    def ignores(self, response: Response) -> Iterator[Any]:
        yield {"lost": True}
        raise IgnoreRequest("an advertisement")

    def closes(self, response: Response) -> Iterator[Any]:
        yield {"kept": True}
        raise CloseSpider("full")

    def unwritable(self, response: Response) -> Iterator[Any]:
        yield {"fine": 1}
        yield {"odd": object()}

    def unkeepable(self, response: Response) -> Iterator[Any]:
        self.state["odd"] = object()
        yield {"fine": 1}

    def counts(self, response: Response) -> None:
        self.state["n"] = self.state.get("n", 0) + 1

    def hears(self, failure: RequestFailure) -> Iterator[Any]:
        self.state["heard"] = True
        yield {"error": str(failure.value), "answered": failure.response is not None}

    def stumbles(self, failure: RequestFailure) -> None:
        raise KeyError("oops")


class Ward:
    """A visitor over one scripted answer."""

    def __init__(self, reply: Reply, spider: Spider | None = None) -> None:
        clock = FakeClock()
        self.spider = spider or Shop()
        self.guard = Watchman()
        self.fetcher = FakeFetcher(clock, {URL: reply})
        self.visitor = Visitor(
            self.fetcher, PageParser(self.spider, Scope()), self.guard,
            SpiderState(self.spider, None), RetryPolicy(retries=1),
        )  # fmt: skip

    async def visit(self, *, payload: Payload | None = None, attempts: int = 0) -> PageOutcome:
        request = QueuedRequest(
            id=7, key=1, url=URL, host="a.example", attempts=attempts,
            payload=None if payload is None else encode(payload),
        )  # fmt: skip
        return await self.visitor.conclude(request, await self.visitor.fetch(request))


def calling(name: str) -> Payload:
    return Payload(callback=CallbackRef(name))


async def outcome_of(reply: Reply, callback: str | None = None, **options: Any) -> PageOutcome:
    payload = None if callback is None else calling(callback)
    return await Ward(reply).visit(payload=payload, **options)


def assert_gives_nothing(outcome: PageOutcome) -> None:
    assert (outcome.items, outcome.encoded, outcome.requests, outcome.links) == ([], [], [], [])
    assert outcome.spider_state is None


# Answers


@pytest.mark.parametrize("status", [200, 201, 203, 206, 299])
async def test_every_2xx_is_done_and_read(status: int) -> None:
    outcome = await outcome_of(Reply(status=status, body=b"x"))

    assert (outcome.state, outcome.reason, outcome.status) == (State.DONE, None, status)
    assert outcome.encoded == [b'{"status":%d}' % status]
    assert [request.url for request in outcome.requests] == ["http://a.example/next"]


async def test_an_unchanged_page_is_done_and_not_read() -> None:
    outcome = await outcome_of(Reply(status=304))

    assert outcome.state == State.DONE
    assert_gives_nothing(outcome)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 418, 451, 300, 305, 306])
async def test_a_status_that_will_not_change_is_failed_with_its_body(status: int) -> None:
    outcome = await outcome_of(Reply(status=status, body=b"sorry"))

    assert (outcome.state, outcome.reason) == (State.FAILED, ErrorClass.STATUS)
    assert outcome.error == f"HTTP {status}"
    assert outcome.body == (b"" if status < 400 else b"sorry")


@pytest.mark.parametrize(
    ("status", "retry_after", "kind"),
    [
        (408, None, ErrorClass.SERVER), (425, None, ErrorClass.SERVER),
        (429, None, ErrorClass.RATE_LIMITED), (429, 3.0, ErrorClass.RATE_LIMITED),
        (500, 3.0, ErrorClass.SERVER), (502, None, ErrorClass.SERVER),
        (503, None, ErrorClass.SERVER), (503, 3.0, ErrorClass.RATE_LIMITED),
        (599, None, ErrorClass.SERVER),
    ],
)  # fmt: skip
async def test_a_status_that_may_change_is_to_be_tried_again(
    status: int, retry_after: float | None, kind: ErrorClass
) -> None:
    outcome = await outcome_of(Reply(status=status, retry_after=retry_after))

    assert (outcome.state, outcome.reason) == (State.PENDING, kind)
    assert outcome.retry_after == retry_after


@pytest.mark.parametrize("kind", list(ErrorClass))
async def test_an_error_of_the_fetcher_is_final_or_not_by_its_class(kind: ErrorClass) -> None:
    outcome = await outcome_of(Reply(error=kind))

    final = {"status", "tls", "too_large", "address", "redirect", "unreadable", "callback", "file"}
    assert outcome.state == (State.FAILED if kind in final else State.PENDING)
    assert (outcome.reason, outcome.status) == (kind, None)
    assert outcome.error == f"scripted {kind}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_skipped_and_says_where_it_led(status: int) -> None:
    outcome = await outcome_of(redirect("/there", status))

    assert (outcome.state, outcome.reason) == (State.SKIPPED, SkipReason.REDIRECTED)
    assert outcome.error == "to http://a.example/there"
    assert [request.url for request in outcome.requests] == ["http://a.example/there"]


@pytest.mark.parametrize("location", ["", "mailto:x@a.example", "http://[broken/"])
async def test_a_redirect_to_nowhere_is_failed(location: str) -> None:
    outcome = await outcome_of(redirect(location))

    assert (outcome.state, outcome.reason) == (State.FAILED, ErrorClass.REDIRECT)
    assert outcome.status == 302


async def test_a_page_of_an_unwanted_type_is_skipped_unread() -> None:
    outcome = await outcome_of(Reply(flags=("unwanted_type",)))

    assert (outcome.state, outcome.reason) == (State.SKIPPED, SkipReason.TYPE)
    assert_gives_nothing(outcome)


async def test_the_default_spider_reads_links_and_items() -> None:
    outcome = await Ward(html("/a", "/b", title="T"), PageSpider()).visit()

    assert [batch.urls for batch in outcome.links] == [
        ["http://a.example/a", "http://a.example/b"]
    ]  # fmt: skip
    assert outcome.items[0].data["title"] == "T"


async def test_what_the_answer_cost_and_set_is_in_the_outcome() -> None:
    ward = Ward(Reply())
    cookie = StoredCookie("a.example", "/", "k", "v", True, False, None, 0.0)
    answer = HttpResponse(
        url=URL, status=404, headers=Headers({"Content-Type": "text/plain; x=y"}), wire_size=9,
        elapsed=0.5, flags=("odd",), cookies_set=(cookie,),
    )  # fmt: skip

    outcome = await ward.visitor.conclude(
        QueuedRequest(id=1, key=1, url=URL, host="a.example"), answer
    )

    assert (outcome.size, outcome.elapsed, outcome.content_type) == (9, 0.5, "text/plain")
    assert (outcome.flags, outcome.cookies) == (("odd",), [cookie])


# Callbacks


async def test_a_callback_that_raises_keeps_the_body_and_gives_nothing() -> None:
    outcome = await outcome_of(Reply(body=b"<html>"), "raises")

    assert (outcome.state, outcome.reason) == (State.FAILED, ErrorClass.CALLBACK)
    assert (outcome.error or "").startswith("ValueError: no price (workers/test_visit.py:")
    assert outcome.body == b"<html>"
    assert_gives_nothing(outcome)


async def test_a_state_that_cannot_be_kept_fails_its_page_whole() -> None:
    outcome = await outcome_of(Reply(body=b"<html>"), "unkeepable")

    assert (outcome.state, outcome.reason) == (State.FAILED, ErrorClass.CALLBACK)
    assert "odd" in (outcome.error or "") or "object" in (outcome.error or "")
    assert_gives_nothing(outcome)


async def test_an_item_that_cannot_be_written_goes_to_quarantine_alone() -> None:
    outcome = await outcome_of(Reply(body=b"<html>"), "unwritable")

    assert (outcome.state, outcome.encoded) == (State.DONE, [b'{"fine":1}'])
    (broken,) = outcome.quarantined
    (problem,) = broken.problems
    assert "object" in problem.reason


async def test_a_callback_that_is_not_there_fails_its_page() -> None:
    outcome = await outcome_of(Reply(), "no_such_method")

    assert (outcome.state, outcome.reason) == (State.FAILED, ErrorClass.CALLBACK)
    assert "no_such_method" in (outcome.error or "")


async def test_a_page_that_is_ignored_is_skipped_and_gives_nothing() -> None:
    outcome = await outcome_of(Reply(), "ignores")

    assert (outcome.state, outcome.reason) == (State.SKIPPED, SkipReason.IGNORED)
    assert outcome.error == "an advertisement"
    assert_gives_nothing(outcome)


async def test_a_callback_may_end_the_crawl_and_what_it_gave_counts() -> None:
    outcome = await outcome_of(Reply(), "closes")

    assert (outcome.state, outcome.close_reason) == (State.DONE, "full")
    assert outcome.encoded == [b'{"kept":true}']


async def test_the_spiders_state_goes_with_the_page_that_changed_it() -> None:
    ward = Ward(Reply())

    first, second = await ward.visit(payload=calling("counts")), await ward.visit()

    assert first.spider_state is not None
    assert second.spider_state is None


async def test_a_status_that_the_callback_asked_for_is_read_and_still_failed() -> None:
    payload = Payload(meta={"handle_httpstatus_list": [404]})

    outcome = await Ward(Reply(status=404)).visit(payload=payload)

    assert (outcome.state, outcome.reason) == (State.FAILED, ErrorClass.STATUS)
    assert outcome.encoded == [b'{"status":404}']


@pytest.mark.parametrize("callback", ["parse", "raises", "ignores", "closes", "unkeepable"])
async def test_the_guard_knows_whose_callback_runs_however_it_ends(callback: str) -> None:
    ward = Ward(Reply())

    await ward.visit(payload=calling(callback))

    assert ward.guard.log == ["in 7", "out 7"]


async def test_the_guard_is_not_bothered_by_pages_without_a_callback() -> None:
    for reply in (Reply(status=404), Reply(error="dns"), redirect("/x"), Reply(status=500)):
        ward = Ward(reply)
        await ward.visit()
        assert ward.guard.log == []


# Errbacks

HEARS = Payload(errback=CallbackRef("hears"))


@pytest.mark.parametrize(
    ("reply", "error", "answered"),
    [
        (Reply(status=404), "HTTP 404", True), (Reply(error="tls"), "scripted tls", False),
        (redirect("mailto:x"), "redirect (302)", True),
    ],
)  # fmt: skip
async def test_an_errback_hears_of_a_failure_and_may_give_items(
    reply: Reply, error: str, answered: bool
) -> None:
    outcome = await Ward(reply).visit(payload=HEARS)

    assert outcome.state == State.FAILED
    assert str(outcome.items[0].data["error"]).startswith(error)
    assert outcome.items[0].data["answered"] is answered
    assert outcome.spider_state is not None


async def test_an_errback_is_called_after_the_last_try_only() -> None:
    ward = Ward(Reply(status=500))

    first, last = await ward.visit(payload=HEARS), await ward.visit(payload=HEARS, attempts=1)

    assert (first.items, len(last.items)) == ([], 1)
    assert ward.guard.log == ["in 7", "out 7"]


async def test_an_errback_that_raises_is_told_beside_the_failure() -> None:
    outcome = await Ward(Reply(status=404)).visit(
        payload=Payload(errback=CallbackRef("stumbles"))
    )  # fmt: skip

    assert (outcome.state, outcome.reason) == (State.FAILED, ErrorClass.STATUS)
    assert (outcome.error or "").startswith("HTTP 404; its errback: KeyError: 'oops' (")


# What a row carries


@pytest.mark.parametrize("payload", [b"\xc1", b"", b"\x93"])
async def test_a_row_that_cannot_be_read_is_failed_and_never_sent(payload: bytes) -> None:
    ward = Ward(Reply())
    request = QueuedRequest(id=7, key=1, url=URL, host="a.example", payload=payload)

    outcome = await ward.visitor.conclude(request, await ward.visitor.fetch(request))

    assert (outcome.state, outcome.reason) == (State.FAILED, ErrorClass.CALLBACK)
    assert ward.fetcher.log == []


@pytest.mark.parametrize("status", range(200, 600, 7))
async def test_no_status_and_no_body_is_an_exception(status: int) -> None:
    outcome = await outcome_of(Reply(status=status, body=b"\xff\x00<a href=x>"))

    assert outcome.state in tuple(State)


async def test_a_page_without_a_body_is_flagged_unless_it_could_have_none() -> None:
    empty = await outcome_of(Reply(status=200, body=b""))
    none = await outcome_of(Reply(status=204, body=b""))

    assert (empty.state, empty.flags) == (State.DONE, ("empty",))
    assert none.flags == ()


async def test_of_two_places_to_go_to_the_first_counts_and_the_other_is_told_of() -> None:
    twice: Any = ["/first", "/second"]
    reply = Reply(status=302, headers={"location": twice})

    outcome = await outcome_of(reply)

    assert [hop.url for hop in outcome.requests] == ["http://a.example/first"]
    assert outcome.error == "to http://a.example/first (the first of 2 Location fields)"
    assert outcome.flags == ("many_locations",)
