"""From the settings of a job to the policies and limits that carry them out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from crawler.app.job.open_files import idle_room
from crawler.config.models.job import Job
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.limits import FetchLimits
from crawler.inner_retry import waits
from crawler.policy.breaker import BreakerPolicy
from crawler.policy.politeness import HostLimits, LimitRule, PolitenessPolicy
from crawler.policy.retry import RetryPolicy
from crawler.policy.scope import Scope
from crawler.spider.page_spider import PageSpider
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.spider import Spider
from crawler.urls import (
    CanonicalRules,
    host_key,
    hostname,
    port,
    registrable_domain,
    split_port,
)
from crawler.version import VERSION

#: A job without retries still sees a server through a restart of some twenty seconds.
_LEAST_PROBES = 3

_HTML = ("text/html", "application/xhtml+xml")
_JSON = ("application/json", "application/ld+json", "application/vnd.api+json", "text/json")


def user_agent_of(job: Job) -> str:
    """Return the User-Agent."""
    return job.fetch.user_agent or f"crawler/{VERSION}"


def canonical_of(job: Job) -> CanonicalRules:
    """Return what makes two URLs one."""
    settings = job.scope.canonical
    if settings.drop_params is None:
        return CanonicalRules(sort_query=settings.sort_query)
    return CanonicalRules(
        sort_query=settings.sort_query, drop_params=frozenset(settings.drop_params)
    )


def scope_of(
    job: Job,
    starts: Iterable[str],
    spider: Spider,
    joined: Iterable[str],
    sitemaps: Iterable[str] = (),
) -> Scope:
    """Return the region of the crawl.

    Args:
        job: The job.
        starts: Start URLs of the config.
        spider: Its `allowed_domains` count where the config names no hosts.
        joined: Hosts that start URLs of this run were found to redirect to.
        sitemaps: URLs of `start.sitemap`.
    """
    closed = False
    hosts = list(job.scope.hosts)
    domains = () if hosts else tuple(spider.allowed_domains)
    if not hosts and not domains:
        hosts = [host_key(url) for url in starts]
        hosts += [name for url in sitemaps for name in _with_twin(url)]
        # The hosts of a file of URLs join as they are read.
        closed = bool(hosts) or job.start.from_file is not None
        hosts += joined if closed else []
    return Scope(
        hosts=hosts, domains=domains, allow=job.scope.allow, deny=job.scope.deny, closed=closed,
    )  # fmt: skip


def _with_twin(url: str) -> Iterable[str]:
    """Yield the host of a sitemap, and its twin with or without `www.`: sites mix the two."""
    key = host_key(url)
    yield key
    domain = registrable_domain(hostname(url))
    if domain and hostname(url) in (domain, f"www.{domain}"):
        yield key.removeprefix("www.") if key.startswith("www.") else f"www.{key}"


def guard_of(job: Job, starts: Iterable[str]) -> AddressGuard:
    """Return the check of addresses; start URLs and `scope.hosts` name what may be private."""
    allowed = {(hostname(url), port(url)) for url in starts}
    for entry in job.scope.hosts:
        host, number = split_port(entry)
        allowed |= {(host, one) for one in ((number,) if number else (80, 443))}
    return AddressGuard(job.fetch.private_addresses, allowed)


def media_types_of(spider: Spider) -> tuple[str, ...] | None:
    """Return the media types that a spider can use, None for all: those of a class."""
    if isinstance(spider, PageSpider):
        return _HTML
    if isinstance(spider, RuleSpider):
        return (*_HTML, *_JSON) if spider.reads_json else _HTML
    return None


def limits_of(job: Job, spider: Spider) -> FetchLimits:
    """Return what one answer may cost."""
    fetch = job.fetch
    accept = fetch.accept if fetch.accept is not None else media_types_of(spider)
    return FetchLimits(
        timeout=fetch.timeout, connect_timeout=min(10.0, fetch.timeout), deadline=fetch.deadline,
        max_body=fetch.max_body, accept=accept, idle=idle_room(fetch.concurrency),
    )  # fmt: skip


def politeness_of(job: Job) -> PolitenessPolicy:
    """Return how gently each host is treated."""
    usual = job.fetch.per_host
    rules = tuple(
        LimitRule(match=rule.match, concurrency=rule.concurrency, delay=rule.delay)
        for rule in job.fetch.limits
    )
    return PolitenessPolicy(
        default=HostLimits(
            concurrency=usual.concurrency, delay=usual.delay, adaptive=usual.adaptive
        ),
        limits=rules,
    )


def retry_of(job: Job) -> RetryPolicy:
    """Return the budgets of tries, and the waits between them: 1 s, 4 s, 16 s..., at most 300 s."""
    retries = job.fetch.retries
    return RetryPolicy(
        retries=retries, waits=tuple(islice(waits(1.0, 4.0, 300.0), max(1, retries)))
    )


def breaker_of(job: Job) -> BreakerPolicy:
    """Return when a host is given up: after one probe more than a page gets retries, or three.

    The probes have the waits of the retries; by default that is 1 s, 4 s, 16 s and 64 s.
    """
    probes = max(_LEAST_PROBES, job.fetch.retries + 1)
    return BreakerPolicy(probes=probes, pauses=tuple(islice(waits(1.0, 4.0, 300.0), probes)))
