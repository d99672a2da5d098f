"""`crawler explain CONFIG URL`: why a URL would or would not be crawled. No network."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from crawler.app.job.ad_hoc_job import absolute
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.page_tools import job_scope
from crawler.app.job.policies import canonical_of
from crawler.app.job.practice_site import last_port
from crawler.app.job.spider_set import spiders_of, user_spider
from crawler.app.look.answer_words import robots_words
from crawler.app.look.one_page import RobotsAnswer
from crawler.app.look.url_facts import (
    StateFacts,
    day_and_time,
    delay_line,
    list_decision,
    rule_lines,
    scope_line,
    state_facts,
    state_lines,
)
from crawler.config.load import LoadedJob
from crawler.interfaces import Clock
from crawler.policy.robots_lines import deciding_line
from crawler.urls import host_key, join, origin


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a URL.

    Attributes:
        lines: Subject and text, in order; the subject is empty where the last one goes on.
        crawled: It would be, as far as can be known without asking anybody.
    """

    lines: tuple[tuple[str, str], ...]
    crawled: bool


class _Weighed:
    """Gathers what speaks against a URL, and whether it needs a page that links to it."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.is_start = False


def explain_url(loaded: LoadedJob, paths: JobPaths, written: str, clock: Clock) -> Explained:
    """Explain one URL from the config and the job's state.

    Raises:
        ConfigError: It is no URL, or the config cannot be run.
        StateError: The state cannot be read.
    """
    weighed = _Weighed()
    lines = tuple(_lines(loaded, paths, written, clock, weighed))
    if weighed.reasons:
        verdict = f"it would not be crawled: {'; '.join(weighed.reasons)}"
    elif weighed.is_start:
        verdict = "it would be crawled: it is a start URL"
    else:
        most = loaded.job.scope.max_depth
        near = "" if most is None else f", at most {most} links from a start URL (scope.max_depth)"
        verdict = f"it would be crawled, once a page in scope links to it{near}"
    return Explained(lines=(*lines, ("verdict", verdict)), crawled=not weighed.reasons)


def _lines(
    loaded: LoadedJob, paths: JobPaths, written: str, clock: Clock, weighed: _Weighed
) -> Iterator[tuple[str, str]]:
    wall = clock.wall()
    practice_url = f"http://127.0.0.1:{last_port(paths) or 80}" if loaded.job.demo else None
    spiders = spiders_of(loaded, user_spider(loaded), practice_url)
    text = written.replace("{demo}", practice_url or "")
    if text.startswith("/") and spiders.named:
        text = join(spiders.named[0], text) or text
    url = absolute(text)
    yield "url", url
    canonical = canonical_of(loaded.job).canonical(url)
    yield "canonical", "the same" if canonical == url else canonical
    listed = url in spiders.sitemaps
    weighed.is_start = listed or url in spiders.named
    decision = list_decision() if listed else job_scope(loaded.job, spiders).decide(url)
    yield "scope", scope_line(loaded, decision)
    if not decision.admitted:
        weighed.reasons.append(decision.words)
    facts = state_facts(loaded, paths, url)
    yield "robots", _robots(loaded, facts, url, wall, weighed)
    yield from _under("state", state_lines(facts, wall))
    _weigh_state(loaded, facts, weighed)
    _weigh_site(facts, weighed)
    yield "delay", delay_line(loaded, facts, url, wall)
    label = facts.row.label if facts.row else None
    if not listed:
        yield from _under("rules", rule_lines(loaded, url, label))


def _under(subject: str, lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        yield subject, line
        subject = ""


def _robots(loaded: LoadedJob, facts: StateFacts, url: str, wall: float, weighed: _Weighed) -> str:
    if loaded.job.fetch.robots != "obey":
        return "not asked: fetch.robots is ignore"
    name, site = host_key(url), origin(url)
    rules = facts.hosts.robots(name, site, wall)
    if rules is None:
        return f"unknown: the job's state has no robots.txt of {site}; crawler try asks for it"
    target = url[url.index("/", 8) :]
    own = target == "/robots.txt"
    allowed = own or (rules.reachable and rules.allows(url))
    answer = RobotsAnswer(
        url=f"{site}/robots.txt", status=facts.hosts.robots_status(name, site), error="",
        allowed=allowed, rules=rules,
        line=None if own else deciding_line(rules.text, rules.token, target),
    )  # fmt: skip
    words = robots_words(answer)
    if not allowed:
        weighed.reasons.append("robots.txt forbids it" if rules.reachable else "no robots.txt")
    return f"{words}, as of {day_and_time(facts.hosts.robots_asked(name, site))}"


def _weigh_site(facts: StateFacts, weighed: _Weighed) -> None:
    """Say what this run has found out about the host and about such URLs."""
    if not facts.is_going:
        return
    if facts.hosts.health(host_key(facts.url)).given_up:
        weighed.reasons.append("its host is given up in this run")
    if facts.trap is not None and not (weighed.is_start or (facts.row and not facts.row.depth)):
        weighed.reasons.append("its pattern is a trap")


def _weigh_state(loaded: LoadedJob, facts: StateFacts, weighed: _Weighed) -> None:
    """Say what of the state speaks against fetching it in this run."""
    row, most = facts.row, loaded.job.scope.max_depth
    if row is None or facts.run is None:
        return
    if most is not None and row.depth > most:
        weighed.reasons.append(f"depth {row.depth} is beyond scope.max_depth {most}")
    elif facts.run[1] != "finished" and row.state not in ("pending", "of an earlier run"):
        weighed.reasons.append(f"this run is through with it ({row.reason or row.state})")
