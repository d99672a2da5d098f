from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsel import Selector

from crawler.practice.catalogue import EPOCH, make_books
from crawler.practice.page import Visit
from crawler.practice.site import Shop
from crawler.practice.timeline import REDESIGN, book_on

BOOKS = make_books(1)
NUMBERS = st.integers(min_value=1, max_value=len(BOOKS))
DAYS = st.integers(min_value=0, max_value=400)


def day(n: int) -> datetime.date:
    return EPOCH + datetime.timedelta(days=n)


def numbers(shop: Shop) -> set[int]:
    return {book.number for book in shop.books}


def status(shop: Shop, path: str) -> int:
    return shop.answer(Visit(path=path)).status


def test_at_the_epoch_the_shop_is_as_it_was_made() -> None:
    assert Shop().books == BOOKS[:200]


@given(NUMBERS, DAYS)
def test_a_book_is_modified_on_a_day_exactly_if_it_differs_from_the_day_before(
    number: int, n: int
) -> None:
    before, after = book_on(BOOKS[number - 1], day(n)), book_on(BOOKS[number - 1], day(n + 1))
    if before is None or after is None:
        return

    differs = (before.pence, before.stock) != (after.pence, after.stock)
    assert differs == (after.modified == day(n + 1))
    assert after.modified == (day(n + 1) if differs else before.modified)


@given(NUMBERS, DAYS)
def test_prices_and_stock_follow_the_rule_that_is_written_down(number: int, n: int) -> None:
    before, after = book_on(BOOKS[number - 1], day(n)), book_on(BOOKS[number - 1], day(n + 1))
    if before is None or after is None:
        return

    assert (before.pence != after.pence) == ((number + n + 1) % 30 == 0)
    assert (before.stock != after.stock) == ((number + n + 1) % 15 == 7)


@given(NUMBERS, DAYS)
def test_a_book_is_never_in_the_future(number: int, n: int) -> None:
    book = book_on(BOOKS[number - 1], day(n))

    assert book is None or book.added <= book.modified <= day(n)
    assert book is None or 499 <= book.pence < 7000
    assert book is None or 0 <= book.stock < 23


def test_a_book_is_added_every_second_day_sixty_in_all() -> None:
    added = [numbers(Shop(day=day(n))) - numbers(Shop(day=day(n - 1))) for n in (1, 2, 4, 120)]

    assert added == [set(), {201}, {202}, {260}]
    assert max(numbers(Shop(day=day(500)))) == 260


@pytest.mark.parametrize(("n", "number", "answer"), [(3, 7, 404), (6, 14, 410)])
def test_a_book_is_taken_away_every_third_day(n: int, number: int, answer: int) -> None:
    before, after = Shop(day=day(n - 1)), Shop(day=day(n))
    book = BOOKS[number - 1]

    assert numbers(before) - numbers(after) == {number}
    assert (status(before, book.path), status(after, book.path)) == (200, answer)
    assert after.gone()[book.path] == answer
    assert status(after, book.image) == 404


def test_some_books_come_back_after_six_days() -> None:
    there = [28 in numbers(Shop(day=day(n))) for n in (11, 12, 17, 18)]

    assert there == [True, False, False, True]


def test_a_book_that_is_gone_is_on_no_list() -> None:
    shop = Shop(day=day(3))
    gone = BOOKS[6].path
    category = f"/category/{BOOKS[6].category.lower()}/index.html"

    pages = [shop.answer(Visit(path=path)).body.decode() for path in ("/", category)]

    assert gone in Shop().answer(Visit(path="/")).body.decode()
    assert not any(gone in page for page in pages)


def test_one_shop_knows_the_truth_of_every_day() -> None:
    assert Shop().truth(day(40)) == Shop(day=day(40)).books


def test_a_redesign_hides_price_stock_and_rating_from_the_old_selectors_only() -> None:
    last, first = Shop(day=REDESIGN - datetime.timedelta(days=1)), Shop(day=REDESIGN)
    old = (
        "//p[@class='price_color' or contains(@class, 'availability') or contains(@class, 'star')]"
    )
    kept = "//article//h1 | //th[.='UPC'] | //*[@id='product_gallery']//img"
    for book in first.books[:12]:
        pages = [
            Selector(text=shop.answer(Visit(path=book.path)).body.decode())
            for shop in (last, first)
        ]

        assert [len(page.xpath(old).getall()) for page in pages] == [3, 0]
        assert [len(page.xpath(kept).getall()) for page in pages] == [3, 3]


def test_the_redesign_modifies_every_product_page() -> None:
    shop = Shop(day=REDESIGN)
    last_modified = {
        dict(shop.answer(Visit(path=book.path)).headers)["Last-Modified"][:16]
        for book in shop.books
    }

    assert last_modified == {"Sun, 01 Mar 2026"}


@given(st.integers(min_value=0, max_value=90), st.integers(min_value=1, max_value=200))
def test_a_page_that_differs_from_the_day_before_has_a_new_tag_and_date(
    n: int, number: int
) -> None:
    path = BOOKS[number - 1].path
    before, after = (SHOPS[i].answer(Visit(path=path)) for i in (n, n + 1))
    if before.status != 200 or after.status != 200:
        return

    assert (before.body != after.body) == (before.headers != after.headers)


SHOPS = [Shop(day=day(n)) for n in range(92)]
