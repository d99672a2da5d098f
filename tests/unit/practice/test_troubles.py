from __future__ import annotations

import json
from urllib.parse import urljoin

import pytest
from parsel import Selector

from crawler.practice.page import Page, Visit
from crawler.practice.site import Shop

SHOP = Shop()


def statuses(path: str, times: int) -> list[int]:
    return [SHOP.answer(Visit(path=path, earlier=n)).status for n in range(times)]


def test_the_busy_page_sends_a_client_away_once_and_says_for_how_long() -> None:
    assert statuses("/busy.html", 3) == [429, 200, 200]
    assert ("Retry-After", "2") in SHOP.answer(Visit(path="/busy.html")).headers


@pytest.mark.parametrize(("path", "status"), [("/flaky.html", 500), ("/unavailable.html", 503)])
def test_a_page_that_fails_fails_twice(path: str, status: int) -> None:
    assert statuses(path, 4) == [status, status, 200, 200]


def test_the_slow_page_takes_two_seconds() -> None:
    assert SHOP.answer(Visit(path="/slow.html")).delay == 2.0


def test_the_chain_goes_by_every_kind_of_redirect_and_ends_at_a_list() -> None:
    path, seen = "/chain/1.html", []
    while (page := SHOP.answer(Visit(path=path))).status != 200:
        seen.append(page.status)
        path = urljoin(path, dict(page.headers)["Location"])

    assert seen == [301, 302, 307, 308]
    assert path == "/catalogue/page-5.html"


def test_the_big_page_is_about_a_megabyte() -> None:
    assert 1_000_000 < len(SHOP.answer(Visit(path="/big.html")).body) < 1_100_000


def test_the_calendar_has_a_next_month_in_any_year() -> None:
    for path, after in (
        ("/calendar/2026/11.html", "/calendar/2026/12.html"),
        ("/calendar/2026/12.html", "/calendar/2027/01.html"),
        ("/calendar/99999/12.html", "/calendar/100000/01.html"),
    ):
        page = Selector(text=SHOP.answer(Visit(path=path)).body.decode())

        assert page.xpath("//a[@rel='next']/@href").getall() == [after]


@pytest.mark.parametrize("month", ["2026/00", "2026/13", "2026/1", "0/01", "-1/01"])
def test_what_is_no_month_is_not_there(month: str) -> None:
    assert SHOP.answer(Visit(path=f"/calendar/{month}.html")).status == 404


def sign_in(**form: str) -> Page:
    cookies = {"session": "s1"}
    page = Selector(text=SHOP.answer(Visit(path="/login.html", cookies=cookies)).body.decode())
    token = page.xpath("string(//input[@name='csrf']/@value)").get("")
    fields = {"csrf": token, "user": "reader", "password": "secret", **form}
    return SHOP.answer(Visit(path="/login", method="POST", form=fields, cookies=cookies))


def test_the_right_words_and_token_lead_to_the_account() -> None:
    page = sign_in()

    assert (page.status, dict(page.headers)["Location"]) == (303, "/account.html")
    assert "account=" in dict(page.headers)["Set-Cookie"]
    assert SHOP.answer(Visit(path="/account.html", cookies={"account": "member"})).status == 200


def test_wrong_words_or_no_token_do_not() -> None:
    assert sign_in(password="wrong").status == 401
    assert sign_in(csrf="").status == 403
    assert SHOP.answer(Visit(path="/login", method="POST")).status == 403


def test_the_form_gives_a_session_to_who_has_none() -> None:
    first = SHOP.answer(Visit(path="/login.html"))
    again = SHOP.answer(Visit(path="/login.html", cookies={"session": "s1"}))

    assert dict(first.headers)["Set-Cookie"].startswith("session=s1;")
    assert again.headers == ()
    assert first.body == again.body


def test_the_account_sends_strangers_to_the_form() -> None:
    page = SHOP.answer(Visit(path="/account.html", cookies={"account": "guess"}))

    assert (page.status, page.headers) == (302, (("Location", "/login.html"),))


def test_the_stock_as_json_leads_from_page_to_page_to_every_book() -> None:
    found, pages, wanted = [], 0, "1"
    while wanted:
        answer = SHOP.answer(Visit(path="/api/books.json", query={"page": wanted}))
        data = json.loads(answer.body)
        found += data["books"]
        wanted = (data["next"] or "").partition("page=")[2]
        pages += 1

    assert (pages, data["total"]) == (4, 200)
    assert [(one["upc"], one["price"], one["in_stock"]) for one in found] == [
        (book.upc, book.pence / 100, book.stock > 0) for book in SHOP.books
    ]


@pytest.mark.parametrize(("page", "status"), [("0", 404), ("5", 404), ("x", 400), ("²", 400)])
def test_a_page_that_json_does_not_have_is_an_error(page: str, status: int) -> None:
    answer = SHOP.answer(Visit(path="/api/books.json", query={"page": page}))

    assert (answer.status, "error" in json.loads(answer.body)) == (status, True)


def test_a_page_with_a_query_is_not_taken_for_the_one_without() -> None:
    second = SHOP.answer(Visit(path="/api/books.json", query={"page": "2"}))
    first = SHOP.answer(Visit(path="/api/books.json"))

    assert json.loads(second.body)["page"] == 2
    assert json.loads(first.body)["page"] == 1
