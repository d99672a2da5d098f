from __future__ import annotations

from urllib.parse import urljoin

import pytest
from lxml import html
from parsel import Selector

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
    """Return every page that links lead to, of the calendar its first alone."""
    pages: dict[str, Page] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in pages:
            continue
        page = pages[path] = get(shop, path)
        if not path.startswith("/calendar/"):
            waiting.extend(links(path, page))
            waiting.extend(location(path, page))
    return {path: page for path, page in pages.items() if path != "/calendar/2026/12.html"}


def location(path: str, page: Page) -> list[str]:
    return [urljoin(path, value) for name, value in page.headers if name == "Location"]


def test_one_seed_gives_one_shop() -> None:
    assert walk(Shop(seed=7)) == walk(Shop(seed=7))
    assert Shop(seed=7).books != Shop(seed=8).books


def test_it_has_some_three_hundred_pages_and_every_book_can_be_reached() -> None:
    shop = Shop()

    pages = walk(shop)

    ok = [path for path, page in pages.items() if page.status == 200]
    assert {book.path for book in shop.books} <= pages.keys()
    assert 300 <= len(ok) <= 350


def test_no_link_but_one_is_broken() -> None:
    assert [path for path, page in walk(Shop()).items() if page.status == 404] == ["/missing.html"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_two_books_share_a_page_or_a_code(seed: int) -> None:
    books = Shop(seed).books

    assert len({book.path for book in books}) == len({book.upc for book in books}) == 200


def test_a_product_page_shows_its_book_where_the_example_looks_for_it() -> None:
    shop = Shop()
    for book in shop.books:
        page = Selector(text=get(shop, book.path).body.decode())
        (price,) = page.xpath("//p[@class='price_color']/text()").getall()
        (stock,) = page.xpath("//p[contains(@class, 'availability')]/text()").getall()
        (image,) = page.xpath("//*[@id='product_gallery']//img/@src").getall()

        assert page.xpath("string(//h1)").get("") == book.title
        assert price == book.price
        assert page.xpath("//th[.='UPC']/following-sibling::td/text()").getall() == [book.upc]
        assert ("In stock" in stock) == (book.stock > 0)
        assert urljoin(book.path, image) == book.image


def test_some_books_are_out_of_stock() -> None:
    stocks = [book.stock for book in Shop().books]

    assert 0 < stocks.count(0) < len(stocks) / 4


def test_the_whole_list_ends_where_its_books_end() -> None:
    shop = Shop()

    assert get(shop, "/catalogue/page-7.html").status == 200
    assert b'class="next"' not in get(shop, "/catalogue/page-7.html").body
    assert get(shop, "/catalogue/page-8.html").status == 404
    assert get(shop, "/catalogue/page-0.html").status == 404
    assert get(shop, "/category/cuckoos/index.html").status == 404


def test_lists_lead_from_page_to_page_to_every_book() -> None:
    shop = Shop()
    found: list[str] = []
    path: str | None = "/"
    pages = 0
    while path is not None:
        page = Selector(text=get(shop, path).body.decode())
        found += page.xpath("//article[@class='product_pod']/h3/a/@href").getall()
        path = page.xpath("//ul[@class='pager']/li[@class='next']/a/@href").get()
        pages += 1

    assert found == [book.path for book in shop.books]
    assert pages == 7


def test_a_fifth_of_the_books_has_reviews_on_pages_of_their_own() -> None:
    shop = Shop()
    book = next(book for book in shop.books if book.reviews > 5)

    first = get(shop, f"{book.folder}reviews/index.html").body.decode()
    second = get(shop, f"{book.folder}reviews/page-2.html").body.decode()

    assert sum(book.reviews > 0 for book in shop.books) == 40
    assert first.count('class="review"') + second.count('class="review"') == book.reviews
    assert get(shop, f"{book.folder}reviews/page-3.html").status == 404


def test_a_book_without_reviews_has_no_page_for_them() -> None:
    shop = Shop()

    assert shop.books[0].reviews == 0
    assert get(shop, f"{shop.books[0].folder}reviews/index.html").status == 404


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


def test_robots_txt_names_sitemaps_that_exist() -> None:
    shop = Shop()
    lines = get(shop, "/robots.txt").body.decode().splitlines()

    named = [line.removeprefix(f"Sitemap: {ORIGIN}") for line in lines if "Sitemap:" in line]
    assert [get(shop, path).status for path in named] == [200, 200]


def test_only_the_login_takes_anything_but_get_and_head() -> None:
    shop = Shop()

    assert shop.answer(Visit(path="/", method="GET")).status == 200
    assert shop.answer(Visit(path="/", method="HEAD")).status == 200
    assert shop.answer(Visit(path="/", method="DELETE")).status == 405
    assert shop.answer(Visit(path="/login")).status == 405
