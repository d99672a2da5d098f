from __future__ import annotations

import pytest

from crawler.app.job.policies import scope_of
from crawler.config.models.job import Job
from crawler.policy.scope import Scope
from crawler.spider.page_spider import PageSpider


def scope(*sitemaps: str, joined: tuple[str, ...] = (), **start: object) -> Scope:
    job = Job.model_validate({"name": "x", "start": {"sitemap": sitemaps, **start}})
    return scope_of(job, job.start.urls, PageSpider(), joined, sitemaps)


@pytest.mark.parametrize(
    ("sitemap", "url", "admitted"),
    [
        ("https://e.org/s.xml", "https://e.org/a", True),
        ("https://e.org/s.xml", "https://www.e.org/a", True),
        ("https://www.e.org/s.xml", "http://e.org/a", True),
        ("https://docs.e.org/s.xml", "https://e.org/a", False),
        ("https://docs.e.org/s.xml", "https://www.docs.e.org/a", False),
        ("https://e.org/s.xml", "https://f.org/a", False),
        ("http://127.0.0.1:8000/s.xml", "http://127.0.0.1:8000/a", True),
        ("http://localhost:8000/s.xml", "http://localhost:8000/a", True),
    ],
)
def test_the_host_of_a_sitemap_is_in_scope_with_and_without_www(
    sitemap: str, url: str, admitted: bool
) -> None:
    assert scope(sitemap).admits(url) is admitted


def test_a_file_of_urls_opens_no_host_by_itself() -> None:
    empty = scope(from_file="list.txt")

    assert not empty.admits("https://e.org/")


def test_hosts_that_starts_redirected_to_stay_in_scope_after_a_resume() -> None:
    assert scope(from_file="list.txt", joined=("e.org",)).admits("https://e.org/")
