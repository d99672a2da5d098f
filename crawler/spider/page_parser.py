"""What the workers call: requests out of rows, and links, items and requests out of answers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

from crawler.errors import CallbackError, CloseSpider, ConfigError, IgnoreRequest
from crawler.extract.document import Document
from crawler.extract.media import Kind, is_html, kind_of
from crawler.extract.response import TextResponse, make_response
from crawler.items import UnplainItemError, to_record
from crawler.messages import FetchRequest, HttpResponse, NewRequest, QueuedRequest, Request
from crawler.outcome import ItemProblem, ItemRecord, Quarantined
from crawler.policy.scope import Scope
from crawler.spider.asked import fetch_request, request_of, wants_status
from crawler.spider.callbacks import CallbackRef, resolve
from crawler.spider.failure import CallbackFailed, RequestFailure, place_in
from crawler.spider.following import LinkFollower
from crawler.spider.hop import follow_redirect
from crawler.spider.intake import Intake
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.page_spider import PageSpider
from crawler.spider.parsed import Parsed
from crawler.spider.payload import Payload, decode
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.shapes import each, located
from crawler.spider.source_reader import MAX_SOURCE, SourceReader
from crawler.spider.spider import Spider
from crawler.spider.start_entry import BadStart, ListsRead, StartEntries, StartEntry

_PARSE = CallbackRef("parse")
#: Kinds of documents that rules can read.
_READ = (Kind.HTML, Kind.JSON)

#: Bytes of a page from which on its tree is made in a thread: lxml takes 10 ms for them, during
#: which it needs nothing of the interpreter.
_HEAVY = 256 << 10

#: Calls a function where it keeps nobody waiting.
Aside = Callable[[Callable[[], object]], Awaitable[object]]

#: What a crawl begins with.
Started = NewRequest | ItemRecord | Quarantined | BadStart | ListsRead


class PageParser:
    """Runs a spider, or a config's rules, over answers; sees one page at a time.

    Args:
        spider: The user's, or a `PageSpider` or `RuleSpider`, which are read without callbacks.
        scope: Which URLs are wanted. Hosts are added to it, see `grow_scope`.
        max_links: Most links taken from one page.
        hop_limit: Most redirects in a row.
        rules: Rules that a config has beside a spider class.
        schemas: What the items of each kind must look like.
        entries: Lists of URLs to begin with, beside what the spider's `start` gives.
        sources: Reads those of them that are fetched.
        follow: False takes no link that no callback asks for. True takes what follow rules
            select; every link if there are none, and no spider class either.
        robots_token: Our product token; None when the config ignores robots.
        grow_scope: Hosts that start URLs redirect to join the scope; for a config without hosts.
        each: Every start request is one of its own, however often its URL comes.
        lists_first: Lists of URLs that are fetched go before pages.
        aside: Makes the trees of large pages; None where nobody waits for the event loop.
    """

    def __init__(  # noqa: PLR0913 - each is a decision of the config
        self,
        spider: Spider,
        scope: Scope,
        *,
        max_links: int = 20_000,
        hop_limit: int = 20,
        rules: RuleSpider | None = None,
        schemas: ItemSchemas | None = None,
        entries: StartEntries | None = None,
        sources: SourceReader | None = None,
        follow: bool = True,
        robots_token: str | None = "crawler",
        grow_scope: bool = True,
        each: bool = False,
        lists_first: bool = False,
        aside: Aside | None = None,
    ) -> None:
        self.spider = spider
        self._schemas = schemas or ItemSchemas()
        self._entries = entries
        self._sources = sources or SourceReader()
        self._hop_limit = hop_limit
        self._aside = aside
        self._reader = spider if isinstance(spider, PageSpider | RuleSpider) else rules
        self._has_callbacks = self._reader is not spider
        # Without rules and callbacks nobody selects anything.
        self._wants_trees = self._has_callbacks or isinstance(self._reader, RuleSpider)
        # Beside rules a spider need not define `parse`; without them its absence is an error.
        self._has_parse = self._reader is None or type(spider).parse is not Spider.parse
        ruled = self._reader if isinstance(self._reader, RuleSpider) else RuleSpider()
        self._intake = Intake(
            spider, scope, ruled.label_ranks, grow_scope=grow_scope, each=each,
            lists_first=lists_first,
        )  # fmt: skip
        self._follower: LinkFollower | None = None
        if follow and (ruled.followings or not self._has_callbacks):
            self._follower = LinkFollower(
                scope,
                ruled.followings,
                label_ranks=ruled.label_ranks,
                max_links=max_links,
                robots_token=robots_token,
            )

    def fetch_request(self, queued: QueuedRequest) -> FetchRequest:
        """Return what the fetcher needs to know of a row.

        Raises:
            CallbackFailed: What the row carries cannot be read.
        """
        if queued.payload is None:
            return FetchRequest(url=queued.url, method=queued.method, body=queued.body)
        payload = self._payload(queued)
        if payload.source:
            return FetchRequest(url=queued.url, any_type=True, max_body=MAX_SOURCE, cut=True)
        return fetch_request(queued, payload)

    def is_source(self, queued: QueuedRequest) -> bool:
        """Tell whether the answer of a row is a list of URLs.

        Raises:
            CallbackFailed: What the row carries cannot be read.
        """
        return queued.payload is not None and self._payload(queued).source

    def welcome(self, queued: QueuedRequest) -> None:
        """Let the host of a start request into the scope, where it grows."""
        self._intake.welcome(queued)

    def wants_status(self, queued: QueuedRequest, status: int) -> bool:
        """Tell whether the callback is to see an answer that is not 2xx.

        By `handle_httpstatus_list`, of the request's `meta` or of the spider, or
        `meta["handle_httpstatus_all"]`; a redirect also by `meta["dont_redirect"]`.
        """
        if not self._has_callbacks:
            return False
        return wants_status(self.spider, self._payload(queued).meta, status)

    def is_plain(self, queued: QueuedRequest) -> bool:
        """Tell whether the callback of a request is no `async def`, nor its errback."""
        try:
            payload = self._payload(queued)
            refs = [payload.callback or _PARSE, *([payload.errback] if payload.errback else [])]
            found = [resolve(self.spider, ref) for ref in refs]
        except (CallbackFailed, CallbackError):
            return True  # it fails before anything of it runs
        return not any(iscoroutinefunction(one) or isasyncgenfunction(one) for one in found)

    async def parse(self, queued: QueuedRequest, http: HttpResponse) -> Parsed:
        """Read one answer: its callback, then the rules and links that need none.

        Raises:
            CallbackFailed: The spider's code raised, or gave what cannot be used.
        """
        self._intake.welcome(queued)
        parsed = Parsed()
        payload = self._payload(queued)
        if payload.source:
            await self._sources.read(queued, http, self._intake, parsed)
            return parsed
        if self._has_callbacks:
            await self._call_back(queued, http, payload, parsed)
        else:
            kind = _kind(http)
            if kind in _READ:
                content_type = http.content_type
                document = Document(http.url, http.body, kind, content_type)
                await self._make_tree(document)
                self._read(queued, http, document, parsed)
        if payload.kept:
            _add_columns(parsed, payload.kept)
        return parsed

    async def _call_back(
        self, queued: QueuedRequest, http: HttpResponse, payload: Payload, parsed: Parsed
    ) -> None:
        """Run the callback of a page, then the rules beside it."""
        with located():
            request = request_of(queued, payload, self.spider)
        response = make_response(http, request)
        if isinstance(response, TextResponse):
            await self._make_tree(response.document)
        ref = payload.callback or _PARSE
        if ref is not _PARSE or self._has_parse:
            await self._call(ref, payload.cb_kwargs, response, queued, parsed)
        if isinstance(response, TextResponse) and parsed.ignored is None:
            document = response.document
            if document.kind in _READ:
                self._read(queued, http, document, parsed)
            else:
                parsed.note(document.flags)

    async def _make_tree(self, document: Document) -> None:
        """Have the tree of a large page made before somebody asks for it."""
        if self._aside is None or document.kind is not Kind.HTML:
            return
        if document.is_huge or (self._wants_trees and len(document.body) >= _HEAVY):
            await self._aside(document.make_tree)

    async def errback(
        self, queued: QueuedRequest, error: Exception, http: HttpResponse | None = None
    ) -> Parsed | None:
        """Run the request's errback, once it has failed for good; None when it names none.

        Args:
            queued: The request.
            error: Why it failed.
            http: Its answer, when one came.

        Raises:
            CallbackFailed: The errback raised, or gave what cannot be used.
        """
        payload = self._payload(queued)
        if payload.errback is None:
            return None
        with located():
            request = request_of(queued, payload, self.spider)
        response = None if http is None else make_response(http, request)
        parsed = Parsed()
        failure = RequestFailure(error, request, response)
        await self._call(payload.errback, {}, failure, queued, parsed)
        return parsed

    def hop(self, queued: QueuedRequest, location: str, http_status: int) -> NewRequest:
        """Return the request that a redirect leads to.

        Raises:
            FetchError: Of class "redirect": no usable `Location`, or too many hops in a row.
            CallbackFailed: What the row carries cannot be read.
        """
        payload = self._payload(queued)
        hop = follow_redirect(queued, payload, location, http_status, self._hop_limit)
        return self._intake.hop(queued, hop)

    async def start(self) -> AsyncIterator[Started]:
        """Yield start requests and items, pulled from the lists and the spider one at a time.

        Raises:
            ConfigError: A start URL is no http(s) URL.
            CallbackFailed: The spider's code raised, or gave what cannot be used.
            CloseSpider: The spider wants no crawl.
        """
        ordinal = 0
        if self._entries is not None:
            async with contextlib.aclosing(self._entries()) as entries:
                async for entry in entries:
                    yield self._entered(entry, ordinal)
                    ordinal += 1
            yield ListsRead()
        with located(passing=(ConfigError,)):
            given = self.spider.start()
            async with contextlib.aclosing(each(given)) as stream:
                async for one in stream:
                    with located(given, passing=(ConfigError,)):
                        taken = self._start(one, ordinal)
                    ordinal += isinstance(taken, NewRequest)
                    yield taken

    def _entered(self, entry: StartEntry | BadStart, ordinal: int) -> NewRequest | BadStart:
        return entry if isinstance(entry, BadStart) else self._intake.entry(entry, ordinal)

    def _start(self, one: object, ordinal: int) -> NewRequest | ItemRecord | Quarantined:
        if isinstance(one, Request):
            return self._intake.start(one, ordinal)
        return self._item(one, None)

    def _item(self, one: object, given: object) -> ItemRecord | Quarantined:
        """Return an item as its schema says; one that is not as it should be spoils no other.

        Args:
            one: The item.
            given: The generator that it came out of, if it did.

        Raises:
            CallbackError: This is no item.
        """
        try:
            record = ItemRecord(*to_record(one))
        except UnplainItemError as error:
            problem = ItemProblem(error.field, None, error.why + place_in(given))
            return Quarantined(error.name, error.data, (problem,))
        return self._schemas.check(record)

    def _payload(self, queued: QueuedRequest) -> Payload:
        with located():
            return decode(queued.payload)

    def _read(
        self, queued: QueuedRequest, http: HttpResponse, document: Document, parsed: Parsed
    ) -> None:
        """Read what needs no callback from an HTML page or a JSON document."""
        if 200 <= http.status < 300:
            with located():
                if self._reader is not None:
                    self._reader.read(queued, http, document, parsed)
                if self._follower is not None and document.kind is Kind.HTML:
                    self._follower.follow(http, document, parsed)
        parsed.note(document.flags)

    async def _call(
        self,
        ref: CallbackRef,
        cb_kwargs: dict[str, Any],
        argument: object,
        queued: QueuedRequest,
        parsed: Parsed,
    ) -> None:
        """Run a callback and take in all it gives."""
        with located():
            try:
                callback = resolve(self.spider, ref)
                given = callback(argument, *ref.args, **(ref.kwargs | cb_kwargs))
                async with contextlib.aclosing(each(given)) as stream:
                    async for one in stream:
                        with located(given):
                            self._take(one, given, queued, parsed)
            except CloseSpider as word:
                parsed.close_reason = word.reason
            except IgnoreRequest as word:
                # The page is left out with everything on it.
                parsed.requests, parsed.items, parsed.offsite = [], [], {}
                parsed.quarantined = []
                parsed.ignored = str(word) or "ignored"

    def _take(self, one: object, given: object, queued: QueuedRequest, parsed: Parsed) -> None:
        if not isinstance(one, Request):
            parsed.add(self._item(one, given))
            return
        ordinal = len(parsed.requests)
        row = self._intake.found(one, queued.depth + 1, ordinal, parsed.offsite)
        if row is not None:
            parsed.requests.append(row)


def _kind(http: HttpResponse) -> Kind:
    # By far the most pages say what they are.
    return Kind.HTML if is_html(http.media_type, http.body) else kind_of(http.media_type, http.body)


def _add_columns(parsed: Parsed, kept: dict[str, str]) -> None:
    """Add the columns of a list of URLs to the items of a page; fields of their own win."""
    for data in [item.data for item in parsed.items] + [q.data for q in parsed.quarantined]:
        for name, value in kept.items():
            data.setdefault(name, value)
