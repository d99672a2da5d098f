from __future__ import annotations

import pytest

from crawler.practice.page import Page, Visit
from crawler.practice.site import Shop

SHOP = Shop()
BOOK = SHOP.books[0]


def ask(path: str = BOOK.path, **headers: str) -> Page:
    return SHOP.answer(
        Visit(path=path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    )


def validators(path: str = BOOK.path) -> tuple[str, str]:
    headers = dict(ask(path).headers)
    return headers["ETag"], headers["Last-Modified"]


@pytest.mark.parametrize(
    "path", ["/", BOOK.path, BOOK.image, "/about.html", "/sitemap.xml", "/news/rss.xml"]
)
def test_who_names_the_tag_of_a_page_gets_a_304_without_a_body(path: str) -> None:
    tag, date = validators(path)

    page = ask(path, If_None_Match=tag)

    assert (page.status, page.body) == (304, b"")
    assert dict(page.headers)["ETag"] == tag
    assert ask(path, If_Modified_Since=date).status == 304


def test_a_tag_may_be_weak_one_of_several_or_a_star() -> None:
    tag, _ = validators()

    for sent in (f"W/{tag}", f'"other", {tag}', "*"):
        assert ask(If_None_Match=sent).status == 304


def test_a_tag_counts_more_than_a_date() -> None:
    tag, date = validators()

    assert ask(If_None_Match='"other"', If_Modified_Since=date).status == 200
    assert ask(If_None_Match=tag, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 304


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", ""])
def test_an_older_date_or_none_gets_the_page(date: str) -> None:
    assert ask(If_Modified_Since=date).status == 200


@pytest.mark.parametrize(
    "path",
    ["/welcome.html", "/busy.html", "/login.html", "/missing.html", "/calendar/2026/11.html"],
)
def test_a_page_made_for_its_visit_has_no_validators(path: str) -> None:
    assert not {"ETag", "Last-Modified"} & dict(ask(path).headers).keys()
    assert ask(path, If_None_Match="*").status != 304
