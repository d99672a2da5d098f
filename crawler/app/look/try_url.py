"""`crawler try CONFIG URL`: one URL end to end, and why it gives what it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from crawler.app.job.job_paths import JobPaths
from crawler.app.look.answer_words import answer_words, robots_words
from crawler.app.look.fetch_url import GOOD, NO_ANSWER, NOT_FETCHED
from crawler.app.look.one_page import OnePage
from crawler.app.look.url_facts import (
    StateFacts,
    delay_line,
    list_decision,
    rule_fits,
    rule_lines,
    scope_line,
    state_facts,
    state_lines,
)
from crawler.config.load import LoadedJob
from crawler.errors import StateError
from crawler.items import encode_fields
from crawler.messages import HttpResponse
from crawler.outcome import ErrorClass, PageOutcome, SkipReason, State

#: Links of each kind that are shown.
_SHOWN = 5
#: Redirects that are followed.
_HOPS = 20


class TryWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for.

    Attributes:
        url: As written.
        label: The label the page is taken to have; None to find out.
        anyway: Fetch even if the scope or robots.txt says no.
    """

    url: str
    label: str | None = None
    anyway: bool = False


class Tried(msgspec.Struct, kw_only=True):
    """What trying a URL showed.

    Attributes:
        lines: Subject and text, in order; the subject is empty where the last one goes on.
        items: What it gave, as plain data.
        exit_code: 0; 3 when it would not be crawled or failed; 4 when there was no answer.
    """

    lines: list[tuple[str, str]] = msgspec.field(default_factory=list)
    items: list[dict[str, Any]] = msgspec.field(default_factory=list)
    exit_code: int = GOOD

    def say(self, subject: str, *texts: str) -> None:
        """Add lines about one subject."""
        for text in texts:
            self.lines.append((subject, text))
            subject = ""


class Trial:
    """Tries one URL, and the pages that it redirects to.

    Args:
        page: Fetches and reads.
        loaded: The job.
        paths: Of its state, which is only looked at.
        wall: The time now.
    """

    def __init__(self, page: OnePage, loaded: LoadedJob, paths: JobPaths, wall: float) -> None:
        self._page = page
        self._loaded = loaded
        self._paths = paths
        self._wall = wall
        self._tried = Tried()

    async def run(self, wish: TryWish) -> Tried:
        """Try the URL.

        Raises:
            ConfigError: It is no http(s) URL.
        """
        url: str | None = self._page.url(wish.url)
        hops = 0
        while url is not None and hops <= _HOPS:
            url = await self._one(url, wish)
            hops += 1
        if url is not None:
            self._end(NOT_FETCHED, f"more than {_HOPS} redirects in a row: it fails")
        return self._tried

    async def _one(self, url: str, wish: TryWish) -> str | None:
        """Try one page; returns where it redirects to, None for nowhere."""
        tried, page = self._tried, self._page
        tried.say("url", url)
        canonical = page.canonical(url)
        if canonical != url:
            tried.say("canonical", canonical)
        listed = url in page.spiders.sitemaps
        decision = list_decision() if listed else page.scope.decide(url)
        tried.say("scope", scope_line(self._loaded, decision))
        facts = self._facts(url)
        if facts is not None:
            tried.say("state", *state_lines(facts, self._wall))
        if not (decision.admitted or wish.anyway):
            self._end(
                NOT_FETCHED, "it would not be crawled: out of scope; --anyway fetches it here"
            )
            return None
        if not await self._may_fetch(url, wish):
            return None
        if facts is not None:
            tried.say("delay", delay_line(self._loaded, facts, url, self._wall))
        row = facts.row if facts is not None else None
        label = wish.label or (row.label if row else None)
        # The label of a start URL, and of one that a run has met, is no riddle.
        sure = label is not None or row is not None or url in page.spiders.starts
        outcome, answer = await self._read(url, label, sure=sure)
        return self._tell(outcome, answer, admitted=decision.admitted)

    def _facts(self, url: str) -> StateFacts | None:
        try:
            return state_facts(self._loaded, self._paths, url)
        except StateError as error:
            self._tried.say("state", str(error))
            return None

    async def _may_fetch(self, url: str, wish: TryWish) -> bool:
        if not self._page.obeys_robots:
            self._tried.say("robots", "not asked: fetch.robots is ignore")
            return True
        robots = await self._page.robots(url)
        self._tried.say("robots", robots_words(robots))
        if robots.allowed:
            return True
        if wish.anyway:
            self._tried.say("", "fetched all the same, as asked; a run would not")
            return True
        code = NOT_FETCHED if robots.rules.reachable else NO_ANSWER
        self._end(code, "it would not be crawled: robots.txt; --anyway fetches it here")
        return False

    async def _read(
        self, url: str, label: str | None, *, sure: bool
    ) -> tuple[PageOutcome, HttpResponse | None]:
        """Fetch and read a page; of several labels that rules ask for, the first that gives items.

        A page's label comes from the link that led to it, which nobody has followed here.
        """
        outcome, answer = await self._page.visit(self._page.queued(url, label))
        if answer is not None and not sure and not outcome.items:
            for guess in _labels(self._loaded, url):
                request = self._page.queued(url, guess)
                again = await self._page.conclude(request, answer)
                if again.items or again.quarantined:
                    self._tried.say("label", f"{guess!r}, taken to be its own; --label names one")
                    return again, answer
        return outcome, answer

    def _tell(
        self, outcome: PageOutcome, answer: HttpResponse | None, *, admitted: bool
    ) -> str | None:
        """Say what became of a page; returns where it redirects to."""
        tried = self._tried
        if answer is None:
            tried.say("fetch", f"{outcome.reason}: {outcome.error}")
            again = "; a run would try again" if outcome.state == State.PENDING else ""
            none = NOT_FETCHED if outcome.reason == ErrorClass.CALLBACK else NO_ANSWER
            self._end(none, f"it fails{again}")
            return None
        tried.say("fetch", answer_words(answer).partition("  ")[2])
        if outcome.reason == SkipReason.REDIRECTED:
            tried.say("redirect", f"to {outcome.requests[0].url}, a request of its own:")
            return outcome.requests[0].url
        request = outcome.request
        if request.url not in self._page.spiders.sitemaps:
            tried.say("rules", *rule_lines(self._loaded, request.url, request.label))
        tried.say("links", *_link_lines(outcome))
        self._tell_items(outcome)
        self._verdict(outcome, admitted=admitted)
        return None

    def _tell_items(self, outcome: PageOutcome) -> None:
        tried = self._tried
        for item in outcome.items:
            tried.items.append(item.data)
            tried.say("item", f"{item.name} {encode_fields(item.data).decode()}")
        for broken in outcome.quarantined:
            tried.say("quarantine", f"{broken.name} {encode_fields(broken.data).decode()}")
            for one in broken.problems:
                tried.say("", f"{one.field}: {one.reason}: {json.dumps(one.value, default=str)}")
        for hit in outcome.hits:
            missing = ", ".join(hit.missing or {})
            if hit.rule.startswith("extract.") and (missing or not hit.found):
                found = _many(hit.found, "item") if hit.found else "no item: nothing was selected"
                tried.say("", f"{hit.rule}: {found}{f'; not found: {missing}' if missing else ''}")
        if outcome.flags:
            tried.say("odd", ", ".join(outcome.flags))
        if outcome.notes:
            tried.say("note", *outcome.notes)

    def _verdict(self, outcome: PageOutcome, *, admitted: bool) -> None:
        if not admitted:
            self._end(NOT_FETCHED, "it would not be crawled: it is out of scope")
        elif outcome.state == State.DONE:
            gained = f"{_many(len(outcome.items), 'item')}, {_many(_link_count(outcome), 'link')}"
            self._end(GOOD, f"it would be crawled, and gives {gained}")
        elif outcome.state == State.PENDING:
            self._end(NOT_FETCHED, f"{outcome.error}; a run would try again")
        else:
            what = f"{outcome.state.name.lower()} ({outcome.reason})"
            self._end(
                NOT_FETCHED, f"it ends as {what}{f': {outcome.error}' if outcome.error else ''}"
            )

    def _end(self, code: int, verdict: str) -> None:
        self._tried.exit_code = code
        self._tried.say("verdict", verdict)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _labels(loaded: LoadedJob, url: str) -> list[str]:
    """Return the labels of rules that could be for a page, in the order of the config."""
    found = [rule.label for rule in rule_fits(loaded.job, url) if rule.fits and rule.label]
    return list(dict.fromkeys(found))


def _link_count(outcome: PageOutcome) -> int:
    return sum(len(batch.urls) for batch in outcome.links) + len(outcome.requests)


def _link_lines(outcome: PageOutcome) -> Iterator[str]:
    """Say which links a page has: by label, with a few of each."""
    yield f"{_link_count(outcome):,} in scope"
    for batch in outcome.links:
        label = f" (label {batch.label!r})" if batch.label else ""
        yield from _some([f"{url}{label}" for url in batch.urls])
    yield from _some([_request_words(row.url, row.skip, row.label) for row in outcome.requests])
    if outcome.offsite:
        hosts = [f"{host} {count}" for host, (count, _) in outcome.offsite.items()]
        yield f"out of scope: {', '.join(hosts[:_SHOWN])}{' ...' if len(hosts) > _SHOWN else ''}"
    if outcome.nofollow:
        yield f"nofollow: {outcome.nofollow}"


def _request_words(url: str, skip: str | None, label: str | None) -> str:
    return url + (f" (label {label!r})" if label else "") + (f" (skipped: {skip})" if skip else "")


def _some(texts: list[str]) -> Iterator[str]:
    yield from (f"  {text}" for text in texts[:_SHOWN])
    if len(texts) > _SHOWN:
        yield f"  and {len(texts) - _SHOWN:,} more"
