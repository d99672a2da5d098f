"""Exit codes 0, 3 and 4: the run came to its end, and says how good it was."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from crawler.testing.conversations import Conversations

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

TITLE = {"item": "Title", "fields": {"title": {"css": "title::text"}}}


async def test_a_whole_site_ends_well_and_every_page_is_there_once(job: Job, site: Site) -> None:
    paths = site.tree(5)
    job.write()

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == sorted(paths)
    assert all(site.hits[path] == 1 for path in paths)
    assert len(ran.err.splitlines()) <= 13  # the first says that it begins
    assert ran.err.splitlines()[-1] == "OK (exit 0)"


async def test_quiet_is_silent_when_all_is_well(job: Job, site: Site) -> None:
    site.html("/")
    job.write()

    ran = await job.run("-q")

    assert (ran.code, ran.out, ran.err) == (0, b"", "")


async def test_quiet_says_why_when_it_is_not(job: Job, site: Site) -> None:
    site.html("/")
    job.write(checks={"min_items": 2})

    ran = await job.run("-q")

    assert ran.code == 3
    assert "1 items are fewer than checks.min_items: 2" in ran.err
    assert len(ran.err.splitlines()) <= 12


async def test_verbose_has_a_line_for_each_page(job: Job, site: Site) -> None:
    paths = site.tree(3)
    job.write()

    ran = await job.run("-v")

    assert all(
        any(line.endswith(site.url(path)) for line in ran.err.splitlines()) for path in paths
    )


@pytest.mark.parametrize("pages", [1, 4])
async def test_max_pages_is_exact_and_a_good_end(job: Job, site: Site, pages: int) -> None:
    site.tree(20)
    job.write(scope={"max_pages": pages}, fetch={"per_host": {"delay": "0s", "concurrency": 8}})

    ran = await job.run()

    assert ran.code == 0
    assert len(job.items()) == pages
    assert sum(site.hits.values()) == pages + 1  # and robots.txt
    assert job.summary()["reason"] == "max_pages"


async def test_max_runtime_is_a_good_end(job: Job, site: Site) -> None:
    site.tree(50)
    slow = {"per_host": {"delay": "200ms", "adaptive": False}}
    job.write(scope={"max_runtime": "1s"}, fetch=slow)

    ran = await job.run()

    assert ran.code == 0
    assert 1 <= len(job.items()) < 51
    assert job.summary()["reason"] == "max_runtime"


async def test_limit_is_exact_even_within_a_page(job: Job, site: Site) -> None:
    site.html("/")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield from ({'n': n} for n in range(9))\n",
        checks={"min_items": 9},
    )

    ran = await job.run("--limit", "4")

    assert ran.code == 0
    assert [item["n"] for item in job.items()] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("links", "share", "code"),
    [(["/broken"], "60%", 0), (["/broken"], "40%", 3), (["/missing"], "0%", 0)],
)
async def test_too_many_failures_fail_the_run_but_broken_links_are_the_sites_own_affair(
    job: Job, site: Site, links: list[str], share: str, code: int
) -> None:
    site.html("/", *links)
    site.pages["/broken"] = site.answer("", 403)
    job.write(checks={"max_failed": share})

    ran = await job.run()

    assert ran.code == code
    assert ("checks.max_failed" in ran.err) == (code == 3)


@pytest.mark.parametrize(("allow_empty", "code"), [(False, 3), (True, 0)])
async def test_no_item_although_there_are_rules_fails_the_run(
    job: Job, site: Site, allow_empty: bool, code: int
) -> None:
    site.html("/")
    job.write(extract=[TITLE | {"url": "/nowhere/*"}], checks={"allow_empty": allow_empty})

    ran = await job.run()

    assert ran.code == code
    assert ("no item was found" in ran.err) == (code == 3)


@pytest.mark.parametrize(("allow_empty", "code"), [(False, 3), (True, 3)])
async def test_robots_forbidding_the_start_is_a_failed_check_that_says_so(
    job: Job, site: Site, allow_empty: bool, code: int
) -> None:
    site.html("/")
    site.pages["/robots.txt"] = site.answer("User-agent: *\nDisallow: /", content_type="text/plain")
    job.write(checks={"allow_empty": allow_empty})

    ran = await job.run()

    assert ran.code == code
    assert "robots.txt forbids the start URLs" in ran.err
    assert f"the line that does: python -m crawler explain job.yaml {site.url('/')}" in ran.err
    assert site.hits["/"] == 0
    assert job.requests()["/"]["reason"] == "robots"


async def test_robots_are_not_asked_when_the_config_ignores_them(job: Job, site: Site) -> None:
    site.html("/")
    site.pages["/robots.txt"] = site.answer("User-agent: *\nDisallow: /", content_type="text/plain")
    job.write(fetch={"robots": "ignore"})

    ran = await job.run()

    assert (ran.code, dict(site.hits)) == (0, {"/": 1})


async def test_an_unreachable_start_is_exit_4_and_named(job: Job) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # taken, but nobody listens
        port = free.getsockname()[1]
        job.write(
            start=[f"http://127.0.0.1:{port}/a"],
            fetch={"robots": "ignore", "per_host": {"delay": "0s"}},
        )

        ran = await job.run()

    assert ran.code == 4
    assert f"none of 1 start URLs could be reached; the first: http://127.0.0.1:{port}/a: " in (
        ran.err
    )
    assert job.summary()["errors"] == {"connect": 1}


async def test_a_name_that_does_not_resolve_is_exit_4(job: Job) -> None:
    job.write(start=["http://no-such-host.invalid/"], fetch={"robots": "ignore"})

    ran = await job.run()

    assert ran.code == 4
    assert job.summary()["errors"] == {"dns": 1}


@pytest.mark.parametrize("robots", [b"", "503"])
async def test_unreachable_robots_are_exit_4_and_nothing_else_is_asked_for(
    job: Job, site: Site, robots: object
) -> None:
    site.html("/")
    site.pages["/robots.txt"] = site.answer("", 503) if robots else b"nonsense\r\n\r\n"
    job.write()

    ran = await job.run()

    assert ran.code == 4
    assert site.hits["/"] == 0
    assert (job.requests()["/"]["outcome"], job.requests()["/"]["reason"]) == (
        "dead",
        "robots_unreachable",
    )


async def test_one_reachable_start_of_two_is_no_exit_4(job: Job, site: Site) -> None:
    site.html("/")
    site.pages["/gone"] = site.answer("", 410)
    job.write(start=[site.url("/"), site.url("/gone")], checks={"max_failed": "50%"})

    ran = await job.run()

    assert ran.code == 0


async def test_a_start_url_that_is_missing_is_exit_4(job: Job) -> None:
    job.write()

    ran = await job.run()

    assert ran.code == 4
    assert "HTTP 404" in ran.err


async def test_close_spider_is_a_good_end(job: Job, site: Site) -> None:
    site.tree(3)
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {'url': response.url}\n"
        "        raise CloseSpider('enough')\n"
    )

    ran = await job.run()

    assert (ran.code, len(job.items()), job.summary()["reason"]) == (0, 1, "enough")


async def test_a_run_that_could_never_begin_costs_less_than_the_time_limits(job: Job) -> None:
    # A start whose server accepts and then says nothing ends by the time limit of the config.
    async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    conversations = Conversations()
    server = await asyncio.start_server(conversations.having(silent), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    job.write(start=[f"http://127.0.0.1:{port}/"], fetch={"robots": "ignore", "timeout": "300ms"})

    ran = await job.run()

    await conversations.end(server)
    assert (ran.code, job.summary()["errors"]) == (4, {"timeout": 1})
