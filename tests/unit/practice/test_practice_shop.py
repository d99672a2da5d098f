from __future__ import annotations

import pytest
from lxml import html

from crawler.practice.page import Page, Visit
from crawler.practice.site import Shop
from crawler.urls import Resolver

ORIGIN = "http://shop.example"


def get(shop: Shop, path: str, **cookies: str) -> Page:
    return shop.answer(Visit(path=path, cookies=cookies))


def links(path: str, page: Page) -> list[str]:
    if not page.body or not page.content_type.startswith("text/html"):
        return []
    resolver = Resolver(ORIGIN + path)
    urls = [resolver.resolve(a.get("href") or "") for a in html.fromstring(page.body).iter("a")]
    return [url.removeprefix(ORIGIN) for url in urls if url and url.startswith(ORIGIN)]


def walk(shop: Shop) -> dict[str, Page]:
    pages: dict[str, Page] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path not in pages:
            pages[path] = get(shop, path)
            waiting.extend(links(path, pages[path]))
    return pages


def test_one_seed_gives_one_shop() -> None:
    assert walk(Shop(seed=7)) == walk(Shop(seed=7))
    assert Shop(seed=7).books != Shop(seed=8).books


def test_every_book_can_be_reached_and_no_link_but_one_is_broken() -> None:
    shop = Shop()
    pages = walk(shop)

    assert {book.path for book in shop.books} <= pages.keys()
    assert [path for path, page in pages.items() if page.status == 404] == ["/missing.html"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_two_books_share_a_page_or_a_code(seed: int) -> None:
    books = Shop(seed).books

    assert len({book.path for book in books}) == len({book.upc for book in books}) == 48


def test_a_product_page_shows_its_book() -> None:
    shop = Shop()
    book = shop.books[4]
    page = html.fromstring(get(shop, book.path).body.decode())

    assert page.xpath("string(//h1)") == book.title
    assert page.xpath("//p[@class='price_color']/text()") == [book.price]
    assert page.xpath("//th[.='UPC']/following-sibling::td/text()") == [book.upc]


def test_a_list_ends_where_its_books_end() -> None:
    shop = Shop()

    assert get(shop, "/catalogue/page-6.html").status == 200
    assert b'class="next"' not in get(shop, "/catalogue/page-6.html").body
    assert get(shop, "/catalogue/page-7.html").status == 404
    assert get(shop, "/catalogue/page-0.html").status == 404
    assert get(shop, "/category/cooking/index.html").status == 404


def test_the_cookie_page_sends_a_visitor_back_once() -> None:
    first = get(Shop(), "/welcome.html")

    assert first.status == 302
    assert ("Location", "/welcome.html") in first.headers
    assert get(Shop(), "/welcome.html", visited="yes").status == 200


def test_the_legacy_pages_are_not_utf_8_and_no_header_says_so() -> None:
    for path in ("/legacy/meta.html", "/legacy/bare.html"):
        page = get(Shop(), path)

        assert page.content_type == "text/html"
        assert "\u041a\u043d\u0438\u0433\u0438".lower() in page.body.decode("windows-1251")
        with pytest.raises(UnicodeDecodeError):
            page.body.decode("utf-8")
