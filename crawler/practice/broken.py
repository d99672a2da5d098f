"""Files that are not what their name says, for tests of what a crawler makes of them.

No page links to them.
"""

from __future__ import annotations

import gzip

from crawler.practice.covers import png_of
from crawler.practice.page import Page, Visit, html_page

_XML = "application/xml"
_OPEN = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'


def html_sitemap(_: Visit) -> Page:
    """Answer a sitemap's address with a page for people."""
    return html_page("Sitemap", '<h1>Sitemap</h1><p><a href="/">Home</a></p>')


def empty_sitemap(_: Visit) -> Page:
    """Answer without a byte."""
    return Page(content_type=_XML)


def cut_sitemap(visit: Visit) -> Page:
    """Break off within the second URL."""
    text = f"{_OPEN}<url><loc>{visit.origin}/</loc></url>\n<url><loc>{visit.origin}/abo"
    return Page(body=text.encode(), content_type=_XML)


def broken_gzip(visit: Visit) -> Page:
    """Break off within the compressed data, of which the first half still tells some URLs."""
    urls = "\n".join(
        f"<url><loc>{visit.origin}/catalogue/page-{n % 7 + 1}.html?{n * 7919 % 10007}</loc></url>"
        for n in range(1, 200)
    )
    body = gzip.compress(f"{_OPEN}{urls}\n</urlset>\n".encode(), mtime=0)
    return Page(body=body[: len(body) // 2], content_type="application/gzip")


def no_gzip(visit: Visit) -> Page:
    """Name a plain sitemap as if it were compressed."""
    text = f"{_OPEN}<url><loc>{visit.origin}/about.html</loc></url>\n</urlset>\n"
    return Page(body=text.encode(), content_type="application/gzip")


def self_index(visit: Visit) -> Page:
    """Name itself, beside a sitemap that is good."""
    text = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"<sitemap><loc>{visit.origin}/broken/self.xml</loc></sitemap>\n"
        f"<sitemap><loc>{visit.origin}/sitemaps/pages.xml</loc></sitemap>\n</sitemapindex>\n"
    )
    return Page(body=text.encode(), content_type=_XML)


def entity_sitemap(_: Visit) -> Page:
    """Declare entities that grow to gigabytes when they are put in."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    text = (
        f'<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY e0 "ha">{levels}]>\n'
        "<urlset><url><loc>&e9;</loc></url></urlset>\n"
    )
    return Page(body=text.encode(), content_type=_XML)


def html_image(_: Visit) -> Page:
    """Call a page a JPEG."""
    page = html_page("No picture", "<h1>No picture</h1>")
    return Page(body=page.body, content_type="image/jpeg")


def cut_image(_: Visit) -> Page:
    """Break off in the middle of a PNG."""
    body = png_of(96, 128, (120, 20, 20), "cut")
    return Page(body=body[: len(body) // 2], content_type="image/png")


def small_image(_: Visit) -> Page:
    """Show a single pixel, as trackers do."""
    return Page(body=png_of(1, 1, (0, 0, 0), "pixel"), content_type="image/png")
