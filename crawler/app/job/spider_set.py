"""The user's side of a crawl: a spider, rules, and where to start."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from crawler.app.job.spider_source import default_spider, load_spider, rules_of, schemas_of
from crawler.config.load import LoadedJob
from crawler.config.models.scope import StartSettings
from crawler.errors import ConfigError
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.rule_spider import RuleSpider
from crawler.spider.spider import Spider
from crawler.urls import UrlError, parse


class SpiderSet(msgspec.Struct, frozen=True, kw_only=True):
    """The user's side of a crawl.

    Attributes:
        spider: Gives the start requests, and items where it is a class.
        rules: Extract and follow rules beside a class, or the spider itself; None for neither.
        starts: Start URLs of the config, serialised.
        schemas: What items must look like, whoever gives them.
        sitemaps: URLs of `start.sitemap`, serialised.
        practice_url: Address of the practice site; None when it is not served.
        is_class: The spider is a user's class.
    """

    spider: Spider
    rules: RuleSpider | None
    starts: tuple[str, ...]
    schemas: ItemSchemas = msgspec.field(default_factory=ItemSchemas)
    sitemaps: tuple[str, ...] = ()
    practice_url: str | None = None
    is_class: bool = False

    @property
    def named(self) -> list[str]:
        """URLs whose hosts the job names, and which may therefore be private."""
        given = self.spider.start_urls if isinstance(self.spider.start_urls, list | tuple) else ()
        found = []
        # What stands in a list is not named by the job, whoever wrote the list, but for this site.
        practice = () if self.practice_url is None else (self.practice_url,)
        for url in (*self.starts, *self.sitemaps, *practice, *given):
            with suppress(UrlError):
                found.append(parse(url))
        return found


def user_spider(loaded: LoadedJob) -> Spider | None:
    """Make the spider of a job's class, None when it has no class.

    Raises:
        ConfigError: The class cannot be had, or its start URLs are none.
    """
    if loaded.spider is None:
        return None
    spider = load_spider(loaded.spider.file, loaded.spider.name, loaded.job.args)
    if not begins(loaded.job.start):
        check_starts(spider, f"{loaded.spider.file}: start_urls of {loaded.spider.name}")
    return spider


def begins(start: StartSettings) -> bool:
    """Tell whether a config says where to begin; then the start URLs of its class do not count."""
    return bool(start.urls or start.sitemap or start.from_file)


def check_starts(spider: Spider, where: str) -> None:
    """Refuse bad start URLs before anything is fetched, as far as they can be known by then.

    Raises:
        ConfigError: There are some; `where` begins each message.
    """
    given = spider.start_urls
    if isinstance(given, str):
        raise ConfigError(f"{where} is a text; write a list: [{given!r}]")
    if not isinstance(given, list | tuple):
        return
    problems = []
    for url in given:
        if not isinstance(url, str):
            problems.append(f"{where}: {url!r} is no text")
            continue
        try:
            parse(url)
        except UrlError as error:
            problems.append(f"{where}: {error}")
    if problems:
        raise ConfigError(*problems)


def spiders_of(loaded: LoadedJob, user: Spider | None, practice_url: str | None) -> SpiderSet:
    """Put the spider together with the config's rules and start URLs.

    Args:
        loaded: The job.
        user: The spider of its class, None when it has none.
        practice_url: What `{demo}` in URLs stands for.
    """
    job = loaded.job
    starts, sitemaps = (
        tuple(parse(url.replace("{demo}", practice_url or "")) for url in urls)
        for urls in (job.start.urls, job.start.sitemap)
    )
    schemas = schemas_of(job)
    rules = rules_of(loaded, schemas)
    spider = user or rules or default_spider(job.name)
    if user is None or begins(job.start):
        spider.start_urls = starts
    return SpiderSet(
        spider=spider, rules=rules, starts=starts, schemas=schemas, sitemaps=sitemaps,
        practice_url=practice_url, is_class=user is not None,
    )  # fmt: skip
