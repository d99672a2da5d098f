"""The page that a shell has in hand, and what can be done with it."""

from __future__ import annotations

import asyncio
import tempfile
import webbrowser
from collections.abc import Callable, Coroutine
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.app.look.answer_words import answer_words, robots_words
from crawler.app.look.live_code import Namespace
from crawler.app.look.loop_thread import LoopThread
from crawler.app.look.one_page import OnePage
from crawler.app.look.polite_fetch import Fetched, fetch_politely
from crawler.errors import CrawlerError
from crawler.extract.links import links_of
from crawler.extract.response import HtmlResponse, Response, TextResponse, make_response
from crawler.messages import Request
from crawler.observe.console import safe
from crawler.outcome import RuleHit
from crawler.spider.parsed import Parsed

if TYPE_CHECKING:
    from parsel import Selector, SelectorList

_ENDINGS = {
    "text/html": ".html", "application/xhtml+xml": ".html", "application/json": ".json",
    "text/plain": ".txt", "application/xml": ".xml", "text/xml": ".xml", "text/css": ".css",
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
    "application/pdf": ".pdf",
}  # fmt: skip


class NoPage(CrawlerError):
    """There is no page in hand."""


class NotFetchable(CrawlerError):
    """What was given is no URL and no link."""


class BadSelector(CrawlerError):
    """What was asked for is no selector."""


class PageInHand:
    """What a shell's names stand for; `response` and `request` change with each fetch.

    Args:
        page: Fetches and reads.
        loop: Runs what is async.
        say: Takes lines about what was fetched.
        obey: Obey robots.txt.
        any_type: Take bodies of any media type, not only those that the job reads.
        browse: Show pages in a browser, where there is one.
    """

    def __init__(
        self, page: OnePage, loop: LoopThread, say: Callable[[str], None],
        *, obey: bool, any_type: bool, browse: bool,
    ) -> None:  # fmt: skip
        self._page = page
        self._loop = loop
        self._say = say
        self._obey = obey
        self._any_type = any_type
        self._browse = browse
        self._fetched: Fetched | None = None
        self.names: Namespace = {
            "response": None, "request": None, "spider": page.spiders.spider, "Request": Request,
            "asyncio": asyncio, "css": self.css, "xpath": self.xpath, "jmes": self.jmes,
            "links": self.links, "fetch": self.fetch, "follow": self.follow,
            "try_rules": self.try_rules, "view": self.view,
        }  # fmt: skip

    @property
    def response(self) -> Response:
        """The page in hand.

        Raises:
            NoPage: There is none.
        """
        found = self.names.get("response")
        if not isinstance(found, Response):
            raise NoPage('there is no page yet; fetch one: fetch("https://...")')
        return found

    def css(self, query: str) -> SelectorList[Selector]:
        """Select from the page by CSS."""
        return _selected(query, self._text().css)

    def xpath(self, query: str, **variables: Any) -> SelectorList[Selector]:
        """Select from the page by XPath."""
        return _selected(query, self._text().xpath, **variables)

    def jmes(self, query: str) -> SelectorList[Selector]:
        """Select from JSON by JMESPath."""
        return _selected(query, self._text().jmespath)

    def links(self) -> list[str]:
        """Return the page's links as absolute URLs, each once."""
        response = self._text()
        if not isinstance(response, HtmlResponse):
            return []
        document = response.document
        found = links_of(
            document.page.hrefs, response.url, document.base, codec=document.charset.codec
        )
        return found.urls

    def fetch(self, url: str | Request) -> Any:
        """Fetch a URL and take its page in hand; in code that awaits, `await` it."""
        written = url.url if isinstance(url, Request) else url
        if not isinstance(written, str):
            raise NotFetchable(f"fetch takes a URL, not {type(url).__name__}; see follow")
        return self._do(self._fetch(written))

    def follow(self, link: object) -> Any:
        """Fetch a link of the page, given as a URL or as a selector of its element."""
        try:
            request = self.response.follow(link)
        except (TypeError, ValueError) as error:
            raise NotFetchable(str(error)) from error
        return self.fetch(request)

    def try_rules(self, label: str | None = None) -> Any:
        """Return the items that the config's rules find on the page.

        Args:
            label: The label that the page would have been followed under.
        """
        return self._do(self._try(label))

    def view(self) -> str:
        """Show the page as it was answered in a browser; returns where it was saved."""
        response = self.response
        media_type = response.headers.content_type.partition(";")[0].strip().lower()
        body = response.body
        if isinstance(response, HtmlResponse):
            body = _with_base(body, response.url)
        ending = _ENDINGS.get(media_type, ".bin")
        with tempfile.NamedTemporaryFile("wb", prefix="page-", suffix=ending, delete=False) as file:
            file.write(body)
        path = Path(file.name)
        if not (self._browse and _shown(path)):
            self._say(f"saved at {path}; no browser was opened")
        return str(path)

    def _text(self) -> TextResponse:
        response = self.response
        if isinstance(response, TextResponse):
            return response
        kind = response.headers.content_type or "of no media type"
        raise NoPage(f"the page is no text ({kind}); see response.body")

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        # Within the loop there is nobody to wait for: the caller awaits it.
        return self._loop.begin(work) if self._loop.is_here else self._loop.run(work)

    async def _fetch(self, written: str) -> Response:
        url = self._page.url(written)
        fetched = await fetch_politely(self._page, url, obey=self._obey, any_type=self._any_type)
        http = fetched.http
        for hop in fetched.hops:
            self._say(f"{safe(hop)} redirects")
        if fetched.robots is not None:
            self._say(safe(robots_words(fetched.robots)))
        self._say(safe(answer_words(http)))
        request = Request(http.url)
        response = make_response(http, request)
        self._fetched = fetched
        self.names.update(response=response, request=request)
        return response

    async def _try(self, label: str | None) -> list[dict[str, Any]]:
        response = self.response
        if self._fetched is None or response.url != self._fetched.http.url:
            raise NoPage("the rules read pages that were fetched; fetch this one first")
        parsed = await self._page.read(response.url, self._fetched.http, label)
        self._tell(parsed)
        return [item.data for item in parsed.items]

    def _tell(self, parsed: Parsed) -> None:
        for kept in parsed.quarantined:
            for problem in kept.problems:
                where = safe(f"{kept.name}.{problem.field}")
                self._say(f"quarantine: {where}: {safe(problem.reason)}: {problem.value!r:.200}")
        for hit in parsed.hits:
            if not hit.found or hit.missing:
                self._say(_missed(hit))
        if not (parsed.items or parsed.quarantined):
            self._say("no item; rules for a label need it: try_rules(label)")


def _selected(
    query: str, select: Callable[..., SelectorList[Selector]], **variables: Any
) -> SelectorList[Selector]:
    """Select; what is no selector is said in a line, not in a page of library frames."""
    try:
        return select(query, **variables)
    except (ValueError, SyntaxError) as error:
        raise BadSelector(f"{query!r} is no selector: {error}") from error


def _missed(hit: RuleHit) -> str:
    fields = f"; no match for: {', '.join(map(safe, hit.missing))}" if hit.missing else ""
    return f"{hit.rule}: found {hit.found}{fields}"


def _with_base(body: bytes, url: str) -> bytes:
    """Let the images and styles of a saved page be found where it came from."""
    head = body.lower().find(b"<head")
    end = body.find(b">", head) + 1 if head >= 0 else 0
    if not end or b"<base" in body.lower():
        return body
    return body[:end] + f'<base href="{escape(url)}">'.encode() + body[end:]


def _shown(path: Path) -> bool:
    try:
        return webbrowser.open(path.as_uri())
    except webbrowser.Error:
        return False
