from __future__ import annotations

import json
from typing import Any

from parsel import Selector

from crawler.practice.catalogue import Book
from crawler.practice.page import Visit
from crawler.practice.site import Shop
from crawler.practice.structured import json_ld

SHOP = Shop()


def page_of(book: Book) -> Selector:
    return Selector(text=SHOP.answer(Visit(path=book.path)).body.decode())


def product_of(page: Selector) -> Any:
    text = page.xpath("string(//script[@type='application/ld+json'])").get("")
    if not text:
        return None
    data = json.loads(text)
    return next(one for one in data.get("@graph", [data]) if one["@type"] == "Product")


def test_every_product_has_json_ld_or_microdata_and_they_say_what_the_page_says() -> None:
    kinds = set()
    for book in SHOP.books:
        page = page_of(book)
        product = product_of(page)
        if product is None:
            kinds.add("microdata")
            price = page.xpath("string(//*[@itemprop='price']/@content)").get("")
            assert page.xpath("string(//*[@itemprop='name'])").get("") == book.title
        else:
            kinds.add("json_ld")
            price = product["offers"]["price"]
            assert (product["name"], product["sku"]) == (book.title, book.upc)
        assert price == book.amount
    assert kinds == {"json_ld", "microdata"}


def test_a_third_of_the_products_has_opengraph() -> None:
    titles = [
        page_of(book).xpath("//meta[@property='og:title']/@content").getall() for book in SHOP.books
    ]

    assert [one for one in titles if one] == [[book.title] for book in SHOP.books[2::3]]


def test_every_product_names_its_canonical_address() -> None:
    for book in SHOP.books[:20]:
        assert page_of(book).xpath("//link[@rel='canonical']/@href").getall() == [
            f"http://shop.example{book.path}"
        ]


def test_text_cannot_end_the_element_it_stands_in() -> None:
    element = json_ld({"name": "</script><b>"})

    assert element.count("</script>") == 1
    assert json.loads(element[element.index("{") : element.rindex("}") + 1]) == {
        "name": "</script><b>"
    }
