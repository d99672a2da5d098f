"""What fetches and reads pages for a job: the same for a whole run and for a single URL."""

from __future__ import annotations

import os
from collections.abc import Iterable

from crawler.app.job.access import access_of, spider_secrets
from crawler.app.job.policies import (
    guard_of,
    limits_of,
    scope_of,
    user_agent_of,
)
from crawler.app.job.spider_set import SpiderSet
from crawler.app.job.tree_turns import TreeTurns
from crawler.config.models.job import Job
from crawler.fetch.cookie_jar import CookieJar
from crawler.interfaces import Clock, Fetcher
from crawler.messages import StoredCookie
from crawler.policy.robots import product_token
from crawler.policy.scope import Scope
from crawler.spider.page_parser import PageParser
from crawler.spider.source_reader import SourceReader
from crawler.spider.start_entry import StartEntries


def job_scope(job: Job, spiders: SpiderSet, joined: Iterable[str] = ()) -> Scope:
    """Return the region of a job's crawl; `joined` are hosts its start URLs redirected to."""
    return scope_of(job, spiders.starts, spiders.spider, joined, spiders.sitemaps)


def parser_of(
    job: Job,
    spiders: SpiderSet,
    scope: Scope,
    *,
    entries: StartEntries | None = None,
    sources: SourceReader | None = None,
) -> PageParser:
    """Return what reads the pages of a job; a whole run also has its lists of URLs to begin with.

    Args:
        job: The job.
        spiders: The user's side.
        scope: Which URLs are wanted.
        entries: Gives what stands in the lists.
        sources: Reads those of them that are fetched.
    """
    agent = user_agent_of(job)
    return PageParser(
        spiders.spider, scope, entries=entries, sources=sources,
        rules=spiders.rules if spiders.is_class else None,
        schemas=spiders.schemas, follow=job.scope.follow, grow_scope=not job.scope.hosts,
        robots_token=product_token(agent) if job.fetch.robots == "obey" else None,
        each=job.lists_files, lists_first=job.incremental is not None,
        aside=TreeTurns().run if job.run.backend == "asyncio" else None,
    )  # fmt: skip


def load_client(job: Job) -> None:
    """Import the client that a job's pages are fetched with; does nothing once that is done."""
    if job.run.backend == "asyncio":
        from crawler.fetch.late_trust import import_client

        import_client()


def fetcher_of(
    job: Job,
    spiders: SpiderSet,
    clock: Clock,
    cookies: Iterable[StoredCookie] = (),
    jar: CookieJar | None = None,
) -> Fetcher:
    """Return what fetches the pages of a job; whoever asked for it closes it.

    Args:
        job: The job.
        spiders: Its start URLs say which private addresses may be asked.
        clock: The time.
        cookies: Those that earlier pages set.
        jar: What keeps cookies, for who adds to it; None for one that nobody else knows.
    """
    jar = CookieJar() if jar is None else jar
    if job.fetch.cookies:
        for url in (*spiders.starts, *spiders.sitemaps):
            jar.give(url, job.fetch.cookies)
    jar.load(cookies)
    limits, guard = limits_of(job, spiders.spider), guard_of(job, spiders.named)
    agent, headers = user_agent_of(job), job.fetch.headers
    own = spider_secrets(spiders.spider, spiders.named)
    access = access_of(job, clock, os.environ, own)
    if job.run.backend == "asyncio":
        load_client(job)
        from crawler.fetch.http_client import AiohttpFetcher

        return AiohttpFetcher(
            limits,
            user_agent=agent,
            headers=headers,
            jar=jar,
            guard=guard,
            clock=clock,
            access=access,
        )
    # Most jobs have no use for a second client, and its import costs a tenth of a second.
    from crawler.fetch.threads_client import Urllib3Fetcher
    from crawler.workers.threads import ThreadedFetcher

    inner = Urllib3Fetcher(
        limits, user_agent=agent, headers=headers, jar=jar, guard=guard, clock=clock, access=access
    )
    return ThreadedFetcher(inner, job.run.threads)
