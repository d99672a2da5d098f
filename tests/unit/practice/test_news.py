from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from parsel import Selector

from crawler.practice.news import SPACING, listed_articles
from crawler.practice.page import Visit
from crawler.practice.site import Shop

TIMES = st.floats(min_value=1_500_000_000, max_value=3_000_000_000)
NOW = 1_790_000_000.0
HOUR, DAY = 3600, 86_400


@given(TIMES)
def test_twenty_articles_are_listed_the_newest_hours_old_and_the_oldest_weeks(now: float) -> None:
    ages = [now - article.published for article in listed_articles(1, now)]

    assert len(ages) == 20
    assert 0 <= ages[0] < 6 * HOUR
    assert 21 * DAY < ages[-1] < 35 * DAY
    assert ages == sorted(ages)
    assert sum(age < 48 * HOUR for age in ages) == 8


@given(TIMES)
def test_six_hours_later_one_article_is_new_and_the_others_stay_as_they_are(now: float) -> None:
    before, after = set(listed_articles(1, now)), set(listed_articles(1, now + SPACING))

    assert len(after - before) == 1


def test_an_article_that_is_no_longer_listed_keeps_its_page() -> None:
    before, after = Shop(now=NOW), Shop(now=NOW + 30 * DAY)
    path = before.articles[0].path

    assert path not in {article.path for article in after.articles}
    assert after.answer(Visit(path=path)) == before.answer(Visit(path=path))


def test_no_article_has_a_page_before_it_is_published() -> None:
    path = Shop(now=NOW + DAY).articles[0].path

    assert Shop(now=NOW).answer(Visit(path=path)).status == 404
    assert Shop(now=NOW + DAY).answer(Visit(path=path)).status == 200


def test_an_article_says_the_same_to_people_and_machines() -> None:
    shop = Shop(now=NOW)
    for article in shop.articles:
        page = Selector(text=shop.answer(Visit(path=article.path)).body.decode())
        data = json.loads(page.xpath("string(//script[@type='application/ld+json'])").get(""))
        author = data["author"]
        people = author if isinstance(author, list) else [author]

        assert page.xpath("string(//article/h1)").get("") == data["headline"] == article.headline
        assert (
            page.xpath("//article//time/@datetime").getall()
            == [data["datePublished"]]
            == [article.date]
        )
        assert page.xpath("//meta[@property='article:published_time']/@content").getall() == [
            article.date
        ]
        assert page.xpath("//*[@rel='author']/text()").getall() == [one["name"] for one in people]
        assert page.xpath("//link[@rel='canonical']/@href").getall() == [
            f"http://shop.example{article.path}"
        ]
        assert len(page.xpath("string(//article)").get("")) > 200


def test_without_a_clock_the_news_are_those_of_noon_on_the_shops_day() -> None:
    assert Shop().articles[0].date == "2026-01-01T12:00:00+00:00"
