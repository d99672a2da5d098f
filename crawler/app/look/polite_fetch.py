"""One URL at a time, by hand: robots.txt is asked before every hop, redirects are followed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from crawler.app.look.answer_words import robots_words
from crawler.app.look.one_page import OnePage, RobotsAnswer
from crawler.errors import CrawlerError, FetchError
from crawler.messages import FetchRequest, HttpResponse
from crawler.outcome import ErrorClass
from crawler.urls import join

#: Redirects in a row that are followed.
MAX_HOPS = 20
#: Bytes of a list of URLs that tell what it is.
LIST_HEAD = 64 * 1024
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_LISTS = (b"<?xml", b"<urlset", b"<sitemapindex", b"<rss", b"<feed", b"<rdf", b"\x1f\x8b")


class Forbidden(CrawlerError):
    """robots.txt does not allow a URL; the message says which line of it.

    Attributes:
        url: The URL.
        answer: What robots.txt said.
    """

    def __init__(self, url: str, answer: RobotsAnswer) -> None:
        super().__init__(f"{url}: {robots_words(answer)}")
        self.url = url
        self.answer = answer


class Fetched(msgspec.Struct, frozen=True):
    """An answer, and the way to it.

    Attributes:
        http: The last answer; no redirect.
        hops: URLs that redirected, in order.
        robots: What robots.txt says about its URL; None when it was not asked.
    """

    http: HttpResponse
    hops: tuple[str, ...] = ()
    robots: RobotsAnswer | None = None


async def fetch_politely(
    page: OnePage, url: str, *, obey: bool, any_type: bool, most: int | None = None
) -> Fetched:
    """Fetch a serialised URL and whatever it redirects to.

    Args:
        page: Fetches.
        url: The URL.
        obey: Ask robots.txt before each hop.
        any_type: Take a body of any media type, not only those that the job reads.
        most: Bytes of it that are enough, whatever its type; None for all.

    Raises:
        Forbidden: robots.txt does not allow a hop.
        FetchError: There is no answer worth keeping.
    """
    hops = [hop async for hop in hops_politely(page, url, obey=obey, any_type=any_type, most=most)]
    return Fetched(hops[-1].http, tuple(hop.http.url for hop in hops[:-1]), hops[-1].robots)


async def hops_politely(
    page: OnePage,
    url: str,
    *,
    obey: bool,
    any_type: bool,
    most: int | None = None,
    follow: bool = True,
) -> AsyncIterator[Fetched]:
    """Yield the answer for a URL and that of each URL it redirects to; see `fetch_politely`.

    Args:
        page: Fetches.
        url: The URL.
        obey: Ask robots.txt before each hop.
        any_type: Take a body of any media type.
        most: Bytes of it that are enough; None for all.
        follow: False leaves it at the first answer.
    """
    for _ in range(MAX_HOPS + 1):
        answer = await page.robots(url) if obey else None
        if answer is not None and not answer.allowed:
            raise Forbidden(url, answer)
        http = await _once(page, url, most, any_type=any_type)
        yield Fetched(http, (), answer)
        target = redirect_target(http) if follow else None
        if target is None:
            return
        url = target
    message = f"more than {MAX_HOPS} redirects in a row"
    raise FetchError(ErrorClass.REDIRECT, message, url=url)


async def _once(page: OnePage, url: str, most: int | None, *, any_type: bool) -> HttpResponse:
    if most is not None:
        request = FetchRequest(url=url, any_type=True, max_body=most, cut=True)
        return await page.fetcher.fetch(request)
    if any_type:
        return await page.fetcher.fetch(FetchRequest(url=url, any_type=True))
    return await page.fetch(url)


def is_list(http: HttpResponse) -> bool:
    """Tell whether an answer begins like a sitemap or a feed, or like one that is packed."""
    head = http.body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith(_LISTS) and b"<html" not in head


def redirect_target(http: HttpResponse) -> str | None:
    """Return where an answer redirects to, without fragment; None when it does not."""
    if http.status not in _REDIRECTS:
        return None
    return join(http.url, http.headers.text("location"))
