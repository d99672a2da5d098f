"""What the practice site is asked and what it answers, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import msgspec


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        path: Decoded path.
        cookies: Those the visitor sent.
    """

    path: str
    cookies: Mapping[str, str] = msgspec.field(default_factory=dict)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


def html(title: str, content: str, *, head: str = "") -> str:
    """Return a whole document with the site's header and footer around its content."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta name="generator" content="practice">'
        f"<title>{escape(title)} | Practice Books</title>{head}</head>\n<body>\n"
        '<header><a href="/">Practice Books</a> <a href="/about.html">About</a></header>\n'
        f"{content}\n"
        "<footer>A made-up shop, for practice.</footer>\n</body>\n</html>\n"
    )


def html_page(title: str, content: str, *, head: str = "") -> Page:
    """Return a document in UTF-8."""
    return Page(body=html(title, content, head=head).encode())


def redirect(status: int, location: str, *headers: tuple[str, str]) -> Page:
    """Return a redirect."""
    return Page(status=status, headers=(("Location", location), *headers))


def not_found() -> Page:
    """Return the site's 404 page."""
    return Page(body=html("Not found", "<h1>Not found</h1>").encode(), status=404)
