"""A job's eyes and hands for single URLs: fetched and read as a run would, nothing kept on disk."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import msgspec

from crawler.app.job.ad_hoc_job import absolute
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.page_tools import fetcher_of, job_scope, parser_of
from crawler.app.job.policies import canonical_of, retry_of, user_agent_of
from crawler.app.job.practice_site import serve_practice_site
from crawler.app.job.spider_set import SpiderSet, spiders_of, user_spider
from crawler.app.job.start_lists import source_reader
from crawler.config.load import LoadedJob
from crawler.errors import FetchError
from crawler.interfaces import Clock, Fetcher
from crawler.messages import FetchRequest, HttpResponse, QueuedRequest
from crawler.outcome import PageOutcome
from crawler.policy.robots import MAX_BYTES, MAX_HOPS, RobotsRules, rules_from_response
from crawler.policy.robots_lines import RobotsLine, deciding_line
from crawler.policy.scope import Scope
from crawler.spider.page_parser import PageParser
from crawler.spider.parsed import Parsed
from crawler.spider.payload import Payload, encode
from crawler.spider.spider_state import SpiderState
from crawler.storage.slot_file import NoGuard
from crawler.urls import host_key, join, origin
from crawler.workers.visit import Visitor

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class RobotsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What robots.txt says about a URL.

    Attributes:
        url: The robots.txt that was asked for.
        status: Of its last answer; None without one.
        error: Why there was none; "" when there was one.
        allowed: The URL may be fetched now.
        line: The line that decides; None when none does.
        rules: The file as a whole.
    """

    url: str
    status: int | None
    error: str
    allowed: bool
    line: RobotsLine | None
    rules: RobotsRules


class OnePage:
    """Fetches and reads single URLs: `async with OnePage(loaded, clock) as page`.

    For a job with `demo: true` the practice site is served meanwhile.

    Args:
        loaded: The job.
        clock: The time.
        base: Base of the job's state, only looked at for the practice site's port.

    Attributes:
        spiders: The user's side.
        scope: The region of the crawl.
        parser: Reads pages.
        fetcher: Fetches them.
        practice_url: What `{demo}` stands for; "" when it stands for nothing.

    Raises:
        ConfigError: The config cannot be run.
    """

    spiders: SpiderSet
    scope: Scope
    parser: PageParser
    fetcher: Fetcher

    def __init__(self, loaded: LoadedJob, clock: Clock, base: Path = Path()) -> None:
        self._loaded = loaded
        self._clock = clock
        self._paths = JobPaths(base.absolute(), loaded.job.name)
        self._stack = AsyncExitStack()
        self._robots: dict[str, tuple[int | None, str, RobotsRules]] = {}
        self.practice_url = ""

    async def __aenter__(self) -> Self:
        job = self._loaded.job
        user = user_spider(self._loaded)
        if job.demo:
            site = await serve_practice_site(self._paths, self._clock)
            self._stack.push_async_callback(site.close)
            self.practice_url = site.url
        self.spiders = spiders_of(self._loaded, user, self.practice_url or None)
        self.scope = job_scope(job, self.spiders)
        sources = source_reader(self._loaded, self._clock.wall())
        self.parser = parser_of(job, self.spiders, self.scope, sources=sources)
        self.fetcher = fetcher_of(job, self.spiders, self._clock)
        self._stack.push_async_callback(self.fetcher.close)
        state = SpiderState(self.spiders.spider, None)
        self._visitor = Visitor(self.fetcher, self.parser, NoGuard(), state, retry_of(job))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def obeys_robots(self) -> bool:
        """The job obeys robots.txt."""
        return self._loaded.job.fetch.robots == "obey"

    def url(self, written: str) -> str:
        """Return a URL as the user gave it, serialised.

        `{demo}` stands for the practice site, a path for one on the host of the first start URL.

        Raises:
            ConfigError: It is no http(s) URL.
        """
        text = written.replace("{demo}", self.practice_url)
        if text.startswith("/") and self.spiders.named:
            return join(self.spiders.named[0], text) or text
        return absolute(text)

    def canonical(self, url: str) -> str:
        """Return the form under which a serialised URL is compared with others."""
        return canonical_of(self._loaded.job).canonical(url)

    async def robots(self, url: str) -> RobotsAnswer:
        """Ask for the robots.txt of a URL, once, and say what it means for the URL."""
        site = origin(url)
        if site not in self._robots:
            self._robots[site] = await self._ask_robots(site)
        status, error, rules = self._robots[site]
        target = url[url.index("/", 8) :]
        own = target == "/robots.txt"
        line = None if own else deciding_line(rules.text, rules.token, target)
        return RobotsAnswer(
            url=f"{site}/robots.txt", status=status, error=error,
            allowed=own or (rules.reachable and rules.allows(url)), line=line, rules=rules,
        )  # fmt: skip

    async def _ask_robots(self, site: str) -> tuple[int | None, str, RobotsRules]:
        agent = user_agent_of(self._loaded.job)
        url: str | None = f"{site}/robots.txt"
        status: int | None = None
        for _ in range(MAX_HOPS + 1):
            ask = FetchRequest(
                url=url or "", any_type=True, max_body=MAX_BYTES, cut=True, use_jar=False
            )
            try:
                answer = await self.fetcher.fetch(ask)
            except FetchError as error:
                return None, str(error), rules_from_response(None, b"", agent)
            status = answer.status
            url = join(ask.url, answer.headers.text("location")) if status in _REDIRECTS else None
            if url is None:
                return status, "", rules_from_response(status, answer.body, agent)
        return status, "", rules_from_response(status, b"", agent)

    def queued(self, url: str, label: str | None = None) -> QueuedRequest:
        """Return the row that a serialised URL would have in a crawl."""
        # A sitemap of the config is read as a list of URLs, as a run would.
        payload = encode(Payload(source=True)) if url in self.spiders.sitemaps else None
        return QueuedRequest(id=1, key=1, url=url, host=host_key(url), label=label, payload=payload)

    async def fetch(self, url: str) -> HttpResponse:
        """Fetch a serialised URL once; redirects are not followed.

        Raises:
            FetchError: There is no answer worth keeping.
        """
        return await self.fetcher.fetch(self.parser.fetch_request(self.queued(url)))

    async def visit(self, request: QueuedRequest) -> tuple[PageOutcome, HttpResponse | None]:
        """Fetch and read a page as a run would; returns its outcome and its answer, if any."""
        answer = await self._visitor.fetch(request)
        outcome = await self._visitor.conclude(request, answer)
        return outcome, answer if isinstance(answer, HttpResponse) else None

    async def conclude(self, request: QueuedRequest, answer: HttpResponse) -> PageOutcome:
        """Read an answer as a run would, taken for that of a request."""
        return await self._visitor.conclude(request, answer)

    async def read(self, url: str, http: HttpResponse, label: str | None = None) -> Parsed:
        """Read an answer with the job's spider and rules.

        Raises:
            CallbackFailed: The spider's code raised, or gave what cannot be used.
        """
        return await self.parser.parse(self.queued(url, label), http)
