from __future__ import annotations

import csv
import gzip
import io
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import pytest

from crawler.practice.catalogue import EPOCH
from crawler.practice.page import Visit
from crawler.practice.site import Shop
from crawler.practice.timeline import REDESIGN

ORIGIN = "http://shop.example"
S = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
N = "{http://www.google.com/schemas/sitemap-news/0.9}"
A = "{http://www.w3.org/2005/Atom}"


def body(shop: Shop, path: str) -> bytes:
    data = shop.answer(Visit(path=path)).body
    return gzip.decompress(data) if path.endswith(".gz") else data


def locations(shop: Shop, path: str) -> list[str]:
    tree = ET.fromstring(body(shop, path))
    return [(loc.text or "").removeprefix(ORIGIN) for loc in tree.iter(f"{S}loc")]


@pytest.mark.parametrize("day", [EPOCH, REDESIGN])
def test_the_index_leads_to_every_book_and_every_list_that_is_there(day: object) -> None:
    shop = Shop(day=EPOCH if day == EPOCH else REDESIGN)

    files = locations(shop, "/sitemap.xml")
    paths = [path for file in files for path in locations(shop, file)]

    assert files == ["/sitemaps/pages.xml", "/sitemaps/books.xml.gz"]
    assert {book.path for book in shop.books} <= set(paths)
    assert len(set(paths)) == len(paths)
    assert {shop.answer(Visit(path=path)).status for path in paths} == {200}


def test_the_lastmod_of_a_book_is_the_date_of_its_page() -> None:
    shop = Shop(day=REDESIGN)
    tree = ET.fromstring(body(shop, "/sitemaps/books.xml.gz"))
    for url, book in zip(tree, shop.books, strict=True):
        headers = dict(shop.answer(Visit(path=book.path)).headers)
        day = parsedate_to_datetime(headers["Last-Modified"]).date()

        assert url.findtext(f"{S}lastmod") == day.isoformat()


def test_the_news_sitemap_dates_and_names_each_article() -> None:
    shop = Shop(now=1_790_000_000)
    tree = ET.fromstring(body(shop, "/news-sitemap.xml"))

    found = [
        (url.findtext(f"{N}news/{N}publication_date"), url.findtext(f"{N}news/{N}title"))
        for url in tree
    ]

    assert found == [(article.date, article.headline) for article in shop.articles]


def test_both_feeds_have_the_same_articles() -> None:
    shop = Shop(now=1_790_000_000)
    rss, atom = (ET.fromstring(body(shop, f"/news/{kind}.xml")) for kind in ("rss", "atom"))

    of_rss = [item.findtext("link") for item in rss.iter("item")]
    of_atom = [link.get("href") for link in atom.iterfind(f"{A}entry/{A}link")]

    assert of_rss == of_atom == [ORIGIN + article.path for article in shop.articles]
    dates = [parsedate_to_datetime(item.findtext("pubDate") or "") for item in rss.iter("item")]
    assert [date.isoformat() for date in dates] == [article.date for article in shop.articles]


def test_the_list_of_pictures_names_one_for_every_book() -> None:
    shop = Shop()
    rows = list(csv.DictReader(io.StringIO(body(shop, "/images/list.csv").decode())))

    assert [row["sku"] for row in rows] == [book.upc for book in shop.books]
    paths = [row["image_url"].removeprefix(ORIGIN) for row in rows]
    assert {shop.answer(Visit(path=path)).status for path in paths} == {200}
    assert len({row["colour"] for row in rows}) == 6


def test_each_broken_sitemap_is_broken_in_its_own_way() -> None:
    shop = Shop()

    assert body(shop, "/broken/html.xml").startswith(b"<!doctype html>")
    assert body(shop, "/broken/empty.xml") == b""
    with pytest.raises(ET.ParseError, match="no element found"):
        ET.fromstring(body(shop, "/broken/cut.xml"))
    with pytest.raises(EOFError):
        body(shop, "/broken/cut.xml.gz")
    with pytest.raises(gzip.BadGzipFile):
        body(shop, "/broken/plain.xml.gz")
    assert "/broken/self.xml" in locations(shop, "/broken/self.xml")
    assert b"<!ENTITY e9" in body(shop, "/broken/entities.xml")
