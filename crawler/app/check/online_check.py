"""What a config meets out there: each start host asked once, politely, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path

import msgspec

from crawler.app.check.findings import Finding, fail, ok, warn
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.start_lists import check_file, entries, reads_stdin
from crawler.app.look.answer_words import robots_words
from crawler.app.look.one_page import OnePage, RobotsAnswer
from crawler.app.look.polite_fetch import (
    LIST_HEAD,
    MAX_HOPS,
    Forbidden,
    fetch_politely,
    is_list,
    redirect_target,
)
from crawler.config.load import LoadedJob
from crawler.errors import FetchError
from crawler.interfaces import Clock
from crawler.messages import HttpResponse
from crawler.outcome import ErrorClass
from crawler.spider.start_entry import BadStart
from crawler.urls import UrlError, host_key, origin, parse

#: Hosts that are asked; who lists ten thousand URLs does not want to wait for all.
MOST_HOSTS = 50
#: Lines of a file that are looked at for hosts, and bad ones of them that are shown.
_MOST_ENTRIES = 100_000
_MOST_BAD = 10
_GOOD, _FORBIDDEN, _UNREACHED = 0, 3, 4
_ADVICE = {
    ErrorClass.DNS: "check the spelling of the host",
    ErrorClass.TLS: "its certificate is not to be trusted; crawler doctor shows if ours are there",
    ErrorClass.ADDRESS: "if it is meant, name its host and port in scope.hosts",
}


class Online(msgspec.Struct):
    """What asking gave.

    Attributes:
        findings: In the order in which things were asked.
        reached: Start URLs that gave a page.
        forbidden: Start URLs that robots.txt forbids.
        unreached: Start URLs that gave nothing.
    """

    findings: list[Finding] = msgspec.field(default_factory=list)
    reached: int = 0
    forbidden: int = 0
    unreached: int = 0

    @property
    def exit_code(self) -> int:
        """The exit code that a run would have for its start URLs."""
        if self.reached or not (self.forbidden or self.unreached):
            return _GOOD
        return _UNREACHED if self.unreached else _FORBIDDEN


async def check_online(loaded: LoadedJob, clock: Clock) -> Online:
    """Ask for one start URL of each host, and for every sitemap that the config names.

    Raises:
        ConfigError: The config cannot be run.
    """
    check_file(loaded)
    async with OnePage(loaded, clock) as page:
        starts, lists, bad = await _to_ask(loaded, page)
        online = await _Check(loaded, page).run(starts, lists)
        online.findings += [warn(one.place, one.why) for one in bad[:_MOST_BAD]]
        return online


class _Check:
    def __init__(self, loaded: LoadedJob, page: OnePage) -> None:
        self._job = loaded.job
        self._page = page
        self._online = Online()

    async def run(self, starts: list[str], lists: list[str]) -> Online:
        first = _first_of_each_host(starts)
        for url in first[:MOST_HOSTS]:
            await self._start(url)
        if len(first) > MOST_HOSTS:
            self._note(warn("start", f"{len(first)} hosts; the first {MOST_HOSTS} were asked"))
        for url in lists:
            await self._list(url)
        if not first and not lists:
            self._note(ok("start", "what it begins with is known once it runs; nobody was asked"))
        return self._online

    def _note(self, finding: Finding) -> None:
        self._online.findings.append(finding)

    async def _start(self, url: str) -> None:
        """Ask for a start URL, and for what it redirects to."""
        decision = self._page.scope.decide(url)
        # Without scope.hosts the hosts of all start URLs are in scope, however they come to us.
        if not decision.admitted and (self._job.scope.hosts or decision.key != "hosts"):
            self._note(warn(url, f"the start URL is out of scope: {decision.words}"))
        asked, robots = url, ""
        for _ in range(MAX_HOPS + 1):
            allowed, robots = await self._allowed(asked)
            if not allowed:
                return
            try:
                http = await self._page.fetch(asked)
            except FetchError as error:
                self._unreached(asked, error)
                return
            target = redirect_target(http)
            if target is None:
                self._answered(http, robots)
                return
            self._redirected(asked, target)
            asked = target
        self._online.unreached += 1
        self._note(fail(url, f"more than {MAX_HOPS} redirects in a row"))

    async def _allowed(self, url: str) -> tuple[bool, str]:
        """Ask robots.txt; returns whether to go on, and what it said."""
        if not self._page.obeys_robots:
            return True, "robots.txt not asked"
        answer = await self._page.robots(url)
        if not answer.allowed:
            self._refused(url, answer)
        return answer.allowed, robots_words(answer)

    def _refused(self, url: str, answer: RobotsAnswer) -> None:
        if answer.rules.reachable:
            self._online.forbidden += 1
            advice = "a run will not fetch it; ask the site, or begin elsewhere"
        else:
            self._online.unreached += 1
            advice = "check that the site is up and its name is right"
        self._note(fail(url, robots_words(answer), advice))

    def _unreached(self, url: str, error: FetchError) -> None:
        self._online.unreached += 1
        kind = ErrorClass(error.kind)
        self._note(fail(url, f"{kind}: {error}", _ADVICE.get(kind, "")))

    def _redirected(self, url: str, target: str) -> None:
        if self._page.scope.admits(target) or host_key(url) == host_key(target):
            self._note(ok(url, f"redirects to {target}"))
            return
        text = f"{origin(url)} redirects to {origin(target)}"
        if not self._job.scope.hosts:
            self._note(ok(url, f"{text}, whose host joins the scope of the run"))
            return
        decision = self._page.scope.decide(target)
        by_host = decision.key == "hosts"
        advice = f"add {host_key(target)} to scope.hosts" if by_host else decision.words
        self._note(warn(url, text, advice))

    def _answered(self, http: HttpResponse, robots: str) -> None:
        said = f"HTTP {http.status}, {http.media_type or 'no media type'}, {http.elapsed:.2f} s"
        if not 200 <= http.status < 300:
            self._online.unreached += 1
            wait = f"; it asks to wait {http.retry_after:.0f} s" if http.retry_after else ""
            self._note(fail(http.url, f"{said}{wait}", "a run cannot begin here"))
            return
        self._online.reached += 1
        if "unwanted_type" in http.flags:
            advice = "add its media type to fetch.accept, or begin elsewhere"
            self._note(warn(http.url, f"{said}: not one of the types that are read", advice))
            return
        self._note(ok(http.url, f"{said}; {robots}"))

    async def _list(self, url: str) -> None:
        """Ask for a sitemap or a feed; it is not read, a run does that."""
        try:
            fetched = await fetch_politely(
                self._page, url, obey=self._page.obeys_robots, any_type=True, most=LIST_HEAD
            )
        except Forbidden as error:
            self._refused(error.url, error.answer)
        except FetchError as error:
            self._unreached(url, error)
        else:
            self._listed(url, fetched.http)

    def _listed(self, url: str, http: HttpResponse) -> None:
        said = f"HTTP {http.status}, {http.media_type or 'no media type'}"
        if not 200 <= http.status < 300:
            self._online.unreached += 1
            self._note(fail(url, said, "it is no sitemap or feed to begin with"))
            return
        self._online.reached += 1
        if is_list(http) or url.endswith("/robots.txt"):
            self._note(ok(url, f"{said}: a list to begin with"))
        else:
            self._note(warn(url, f"{said}: does not begin like a sitemap or a feed"))


async def _to_ask(loaded: LoadedJob, page: OnePage) -> tuple[list[str], list[str], list[BadStart]]:
    """Return start URLs, lists of URLs that would be fetched, and what of a file is no URL."""
    given = page.spiders.spider.start_urls
    starts = [parse(url) for url in given] if isinstance(given, list | tuple) else []
    lists: list[str] = []
    bad: list[BadStart] = []
    here = JobPaths(Path(), loaded.job.name)  # nothing of the job's own files is looked at
    give = entries(loaded, here, page.spiders.sitemaps, page.practice_url or None)
    if give is None or reads_stdin(loaded):
        return starts, list(page.spiders.sitemaps), bad
    async with aclosing(give()) as stream:
        async for entry in stream:
            if isinstance(entry, BadStart):
                bad.append(entry)
                continue
            try:
                (lists if entry.source else starts).append(parse(entry.url))
            except UrlError as error:
                bad.append(BadStart(place=entry.place, why=str(error)))
            if len(starts) >= _MOST_ENTRIES:
                break
    return starts, lists, bad


def _first_of_each_host(urls: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for url in urls:
        first.setdefault(host_key(url), url)
    return list(first.values())
