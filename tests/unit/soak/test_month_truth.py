"""The month soak's judgement: the truth follows from the dates, and each difference is named."""

from __future__ import annotations

from collections import Counter

import pytest

from crawler.practice.catalogue import make_books
from crawler.practice.page import Visit
from scripts.soak.month_job import differences
from scripts.soak.month_site import (
    ALL_ERRORS,
    DOWN,
    EMPTY_LISTS,
    MOVES,
    NIGHTS,
    PARTLY_DOWN,
    PRODUCT_ERRORS,
    REFUSED,
    SEED,
    MonthShop,
    folder_of,
)
from scripts.soak.month_truth import HIDDEN, Told, Truth

BOOKS = {book.upc: book.number for book in make_books(SEED)}


@pytest.fixture(scope="module")
def month() -> list[list[Told]]:
    truth = Truth("http://shop.example")
    return [truth.night(night).told for night in range(NIGHTS)]


def nights_of(month: list[list[Told]], kind: str, number: int) -> list[int]:
    return [
        night
        for night, told in enumerate(month)
        for one in told
        if one.kind == kind and BOOKS.get(one.key) == number
    ]


def test_the_first_night_tells_all_books_and_reviews_and_bad_nights_tell_nothing(
    month: list[list[Told]],
) -> None:
    items = Counter(one.item for one in month[0])

    assert {one.kind for one in month[0]} == {"new"}
    assert items["Book"] > 190
    assert items["Review"] > 100
    bad = (REFUSED, DOWN, ALL_ERRORS, PRODUCT_ERRORS)
    assert all(month[night] == [] for night in bad)


def test_the_exit_code_says_whether_a_night_is_to_be_believed() -> None:
    truth = Truth("http://shop.example")
    exits = {night: truth.night(night).exit for night in range(NIGHTS)}

    incredible = {ALL_ERRORS: 6, PRODUCT_ERRORS: 6}
    assert {night: code for night, code in exits.items() if code} == (
        {REFUSED: 4, DOWN: 4, 20: 3} | incredible
    )


def test_of_what_happens_to_all_one_who_asks_for_few_is_told_of_those() -> None:
    truth = Truth("http://shop.example")
    paths = [f"{folder_of(book, 0)}index.html" for book in make_books(SEED)[:6]]
    nights = [truth.night(night, paths if night else None) for night in range(21)]

    # The redesign hides what six books cost; no other page of the shop was looked at.
    assert {one.kind for one in nights[20].told} == {"changed"}
    assert len(nights[20].told) == 6
    assert [nights[night].exit for night in (ALL_ERRORS, PRODUCT_ERRORS, 20)] == [0, 0, 0]


def test_a_book_is_gone_after_three_misses_which_bad_nights_are_not(
    month: list[list[Told]],
) -> None:
    # Taken away on the fourth night; nobody could be reached on the fifth.
    assert nights_of(month, "gone", 98) == [6]
    # Away from the tenth night to the fifteenth, on which all was an error.
    assert nights_of(month, "gone", 112) == [11]
    assert nights_of(month, "back", 112) == [15]


@pytest.mark.parametrize(("times", "gone"), [(2, 15), (1, 16)])
def test_where_a_part_is_down_only_what_is_no_more_at_two_requests_is_missed(
    times: int, gone: int
) -> None:
    truth = Truth("http://shop.example")
    # Taken away on that night; on the fifteenth all was an error.
    (book,) = (one for one in make_books(SEED) if one.number == 119)
    path = f"{folder_of(book, 0)}index.html"
    absent = {PARTLY_DOWN: {path: times}}

    told = [truth.night(night, absent=absent.get(night)).told for night in range(20)]

    assert nights_of(told, "gone", 119) == [gone]


def test_a_book_that_moves_is_moved_once_and_never_gone(month: list[list[Told]]) -> None:
    for move in MOVES:
        assert nights_of(month, "moved", move.number) == [move.night]
        assert nights_of(month, "gone", move.number) == []
        assert nights_of(month, "new", move.number) == [0]


def test_no_change_is_told_of_fields_that_are_hidden(month: list[list[Told]]) -> None:
    told = " ".join(f"{one.old} {one.new}" for night in range(20, 24) for one in month[night])

    assert not any(f"{name}=" in told for name in HIDDEN)
    assert any(one.kind == "changed" for night in (19, 25) for one in month[night])


def test_what_is_not_asked_for_is_neither_changed_nor_missed() -> None:
    truth = Truth("http://shop.example")
    truth.night(0)

    assert all(truth.night(night, asked=()).told == [] for night in range(1, 10))


def test_each_difference_is_named() -> None:
    one, other = Told("new", "Book", "1", "/1"), Told("gone", "Book", "2", "/2")

    assert differences([one, other], Counter([one, other])) == ([], [], [])
    missed, false, doubled = differences([one], Counter({other: 2}))
    assert len(missed) == len(false) == len(doubled) == 1
    assert differences([one], Counter({one: 2})) == ([], [], [f"2 x {one}"])


def test_the_shop_is_on_each_night_as_the_truth_has_it() -> None:
    for move in MOVES:
        (book,) = (one for one in make_books(SEED) if one.number == move.number)
        before, after = MonthShop(move.night - 1), MonthShop(move.night)
        old, new = (f"{folder_of(book, move.night - back)}index.html" for back in (1, 0))

        assert before.answer(Visit(path=old)).status == 200
        assert before.answer(Visit(path=new)).status == 404
        assert after.answer(Visit(path=old)).status == (301 if move.redirects else 404)
        assert book.upc in after.answer(Visit(path=new)).body.decode()
        assert [one.status for one in after.asked] == [301 if move.redirects else 404, 200]


def test_bad_nights_are_bad() -> None:
    def statuses(night: int) -> Counter[int]:
        shop = MonthShop(night)
        return Counter(shop.answer(Visit(path=book.path)).status for book in shop.books)

    assert statuses(DOWN).keys() == {503}
    assert statuses(PARTLY_DOWN)[503] > 20
    assert statuses(PARTLY_DOWN)[200] > 150
    pages = {MonthShop(ALL_ERRORS).answer(Visit(path=path)).body for path in ("/", "/about.html")}
    assert len(pages) == 1
    assert b"product_pod" not in MonthShop(EMPTY_LISTS).answer(Visit(path="/")).body
