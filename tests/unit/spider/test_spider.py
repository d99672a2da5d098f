from __future__ import annotations

from collections.abc import Iterator

import pytest

from crawler.extract.response import Response
from crawler.messages import Request
from crawler.spider.spider import Spider


class Shop(Spider):
    name = "shop"
    start_urls = ("https://e.org/1", "https://e.org/2")


class OldShop(Spider):
    name = "old"

    def start_requests(self) -> Iterator[Request | None]:
        yield Request("https://e.org/old")
        yield None


def test_a_spider_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="Spider must have a name"):
        Spider()


def test_arguments_become_attributes() -> None:
    shop = Shop("other", section="archive")

    assert (shop.name, vars(shop)["section"]) == ("other", "archive")


def test_two_spiders_share_no_state() -> None:
    one, other = Shop(), Shop()

    one.state["seen"] = 1

    assert other.state == {}


async def test_start_urls_are_requested_through_the_duplicate_filter() -> None:
    requests = [one async for one in Shop().start()]

    assert [one.url for one in requests] == list(Shop.start_urls)
    assert not any(one.dont_filter for one in requests)


async def test_start_requests_of_an_older_spider_are_used() -> None:
    assert [one and one.url async for one in OldShop().start()] == ["https://e.org/old", None]


def test_a_spider_that_does_not_parse_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"Shop\.parse is not defined"):
        Shop().parse(Response("https://e.org/"))


def test_the_logger_of_a_spider_on_its_own_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    Shop().logger.warning("odd: %s", 1)

    assert capsys.readouterr() == ("", "")


def test_from_crawler_keeps_what_it_was_given() -> None:
    crawler = object()

    assert Shop.from_crawler(crawler).crawler is crawler
