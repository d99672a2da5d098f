"""What a site shows at first sight: robots.txt, the page, a sitemap; each asked for once."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from crawler.app.begin.page_survey import PageFacts, survey_page
from crawler.app.look.answer_words import robots_words
from crawler.app.look.one_page import OnePage
from crawler.app.look.polite_fetch import LIST_HEAD, Fetched, Forbidden, fetch_politely, is_list
from crawler.config.load import LoadedJob
from crawler.errors import ConfigError, FetchError
from crawler.extract.document import Document
from crawler.extract.media import Kind, kind_of
from crawler.interfaces import Clock
from crawler.outcome import ErrorClass
from crawler.urls import UrlError, origin, parse

#: Sitemaps of a robots.txt that are written down; only the first is asked for.
_MOST_SITEMAPS = 5


class SiteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        asked: The URL that was asked for.
        url: Where its redirects led to.
        status: Of its answer, 2xx.
        media_type: Of its answer.
        size: Bytes of its body.
        robots: What robots.txt says about it, in words.
        crawl_delay: Seconds between two requests that robots.txt asks for; None for none.
        sitemaps: Sitemaps that robots.txt names, or the usual one if it answers.
        page: What an HTML page shows; None for a list of URLs.
    """

    asked: str
    url: str
    status: int
    media_type: str
    size: int
    robots: str
    crawl_delay: float | None = None
    sitemaps: tuple[str, ...] = ()
    page: PageFacts | None = None


async def survey_site(loaded: LoadedJob, clock: Clock) -> SiteFacts:
    """Look at the first start URL of a job.

    Raises:
        ConfigError: It is neither an HTML page nor a list of URLs.
        FetchError: It cannot be had.
        Forbidden: robots.txt does not allow it.
    """
    async with OnePage(loaded, clock) as page:
        asked = page.spiders.starts[0]
        fetched = await fetch_politely(page, asked, obey=page.obeys_robots, any_type=True)
        http, robots = fetched.http, fetched.robots
        if not 200 <= http.status < 300:
            message = f"answered HTTP {http.status}, which shows nothing to write a config from"
            raise FetchError(ErrorClass.STATUS, message, url=http.url)
        return SiteFacts(
            asked=asked, url=http.url, status=http.status, media_type=http.media_type,
            size=len(http.body), robots=robots_words(robots) if robots else "robots.txt not asked",
            crawl_delay=robots.rules.crawl_delay if robots else None,
            sitemaps=await _sitemaps(page, fetched), page=_page(page, fetched),
        )  # fmt: skip


def _page(page: OnePage, fetched: Fetched) -> PageFacts | None:
    http = fetched.http
    if is_list(http):
        return None
    kind = kind_of(http.media_type, http.body)
    if kind is not Kind.HTML:
        raise ConfigError(
            f"{http.url} is {http.media_type or 'of no media type'}; a config can be written from"
            " an HTML page, a sitemap or a feed"
        )
    document = Document(http.url, http.body, kind, http.content_type)
    return survey_page(page.queued(http.url), http, document)


async def _sitemaps(page: OnePage, fetched: Fetched) -> tuple[str, ...]:
    """Return the sitemaps that robots.txt names, else the usual one if it is there."""
    named = []
    for written in fetched.robots.rules.sitemaps if fetched.robots else ():
        with suppress(UrlError):
            named.append(parse(written))
    if named or is_list(fetched.http):
        return tuple(named[:_MOST_SITEMAPS])
    usual = f"{origin(fetched.http.url)}/sitemap.xml"
    try:
        found = await fetch_politely(page, usual, obey=True, any_type=True, most=LIST_HEAD)
    except (FetchError, Forbidden):
        return ()
    there = 200 <= found.http.status < 300 and is_list(found.http)
    return (found.http.url,) if there else ()
