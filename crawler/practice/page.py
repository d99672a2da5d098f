"""What the practice site is asked and what it answers, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import msgspec


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        path: Decoded path.
        method: In capitals.
        origin: Scheme, host and port that the site is known by, for absolute URLs.
        query: Decoded parameters.
        form: Decoded fields of the body.
        headers: By their usual names, such as `If-None-Match`.
        cookies: Those the visitor sent.
        earlier: How often the same client asked for this path before.
    """

    path: str
    method: str = "GET"
    origin: str = "http://shop.example"
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    form: Mapping[str, str] = msgspec.field(default_factory=dict)
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    cookies: Mapping[str, str] = msgspec.field(default_factory=dict)
    earlier: int = 0


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One answer.

    Attributes:
        delay: Seconds before the first byte.
        modified: Seconds since 1970 UTC of its last change; None for a page that is made for the
            visit, which has neither an ETag nor a Last-Modified.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    modified: int | None = None


def html(title: str, content: str, *, head: str = "") -> str:
    """Return a whole document with the site's header and footer around its content."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta name="generator" content="practice">'
        f"<title>{escape(title)} | Practice Books</title>{head}</head>\n<body>\n"
        '<header><a href="/">Practice Books</a> <a href="/about.html">About</a>'
        ' <a href="/news/index.html">News</a></header>\n'
        f"<main>\n{content}\n</main>\n"
        "<footer>A made-up shop, for practice.</footer>\n</body>\n</html>\n"
    )


def html_page(title: str, content: str, *, head: str = "", modified: int | None = None) -> Page:
    """Return a document in UTF-8."""
    return Page(body=html(title, content, head=head).encode(), modified=modified)


def redirect(status: int, location: str, *headers: tuple[str, str]) -> Page:
    """Return a redirect."""
    return Page(status=status, headers=(("Location", location), *headers))


def failure(status: int, title: str, *headers: tuple[str, str]) -> Page:
    """Return a page that says what went wrong."""
    body = html(title, f"<h1>{escape(title)}</h1>").encode()
    return Page(body=body, status=status, headers=headers)


def not_found() -> Page:
    """Return the site's 404 page."""
    return failure(404, "Not found")
