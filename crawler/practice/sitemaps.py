"""Sitemaps, feeds and other lists of addresses (sitemaps.org, RSS 2.0, RFC 4287)."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from html import escape

import msgspec

from crawler.practice.catalogue import Book
from crawler.practice.news import Article
from crawler.practice.page import Page

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_XML = "application/xml"


class Entry(msgspec.Struct, frozen=True):
    """One line of a sitemap: an absolute URL, and the day of its last change if that is said."""

    url: str
    lastmod: datetime.date | None = None


def sitemap_index(entries: Iterable[Entry], modified: int) -> Page:
    """Return an index of sitemaps."""
    return _xml(_document("sitemapindex", "sitemap", entries), modified)


def sitemap(entries: Iterable[Entry], modified: int) -> Page:
    """Return a sitemap."""
    return _xml(_document("urlset", "url", entries), modified)


def zipped_sitemap(entries: Iterable[Entry], modified: int) -> Page:
    """Return a sitemap as a gzip file; that is its type, no Content-Encoding."""
    text = _document("urlset", "url", entries)
    # No date inside: the same sitemap is the same bytes.
    body = gzip.compress(text.encode(), mtime=0)
    return Page(body=body, content_type="application/gzip", modified=modified)


def news_sitemap(articles: Sequence[Article], origin: str) -> Page:
    """Return a Google-News sitemap: what is new, with its date and title."""
    lines = "\n".join(
        f"<url><loc>{origin}{article.path}</loc><news:news><news:publication>"
        "<news:name>Practice Books</news:name><news:language>en</news:language>"
        f"</news:publication><news:publication_date>{article.date}</news:publication_date>"
        f"<news:title>{escape(article.headline)}</news:title></news:news></url>"
        for article in articles
    )
    text = f'<urlset xmlns="{_SITEMAP}" xmlns:news="{_NEWS}">\n{lines}\n</urlset>\n'
    return _xml(text, articles[0].published)


def rss(articles: Sequence[Article], origin: str) -> Page:
    """Return the news as RSS 2.0."""
    lines = "\n".join(
        f"<item><title>{escape(article.headline)}</title><link>{origin}{article.path}</link>"
        f"<guid>{origin}{article.path}</guid>"
        f"<pubDate>{formatdate(article.published, usegmt=True)}</pubDate></item>"
        for article in articles
    )
    text = (
        f'<rss version="2.0"><channel><title>Practice Books</title><link>{origin}/news/index.html'
        f"</link><description>News of a made-up shop</description>\n{lines}\n</channel></rss>\n"
    )
    return _xml(text, articles[0].published, content_type="application/rss+xml")


def atom(articles: Sequence[Article], origin: str) -> Page:
    """Return the news as an Atom feed."""
    lines = "\n".join(
        f"<entry><title>{escape(article.headline)}</title><id>{origin}{article.path}</id>"
        f'<link rel="alternate" href="{origin}{article.path}"/>'
        f"<published>{article.date}</published><updated>{article.date}</updated></entry>"
        for article in articles
    )
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Practice Books</title>'
        f'<id>{origin}/news/atom.xml</id><link rel="self" href="{origin}/news/atom.xml"/>'
        f"<updated>{articles[0].date}</updated>\n{lines}\n</feed>\n"
    )
    return _xml(text, articles[0].published, content_type="application/atom+xml")


def image_list(books: Sequence[Book], origin: str, modified: int) -> Page:
    """Return every cover as CSV: sku, image_url, colour."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("sku", "image_url", "colour"))
    writer.writerows((book.upc, origin + book.image, book.colour) for book in books)
    body = text.getvalue().encode()
    return Page(body=body, content_type="text/csv; charset=utf-8", modified=modified)


def _document(root: str, element: str, entries: Iterable[Entry]) -> str:
    lines = "\n".join(_line(element, entry) for entry in entries)
    return f'<{root} xmlns="{_SITEMAP}">\n{lines}\n</{root}>\n'


def _line(element: str, entry: Entry) -> str:
    date = f"<lastmod>{entry.lastmod.isoformat()}</lastmod>" if entry.lastmod else ""
    return f"<{element}><loc>{escape(entry.url)}</loc>{date}</{element}>"


def _xml(text: str, modified: int, *, content_type: str = _XML) -> Page:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Page(body=body, content_type=content_type, modified=modified)
