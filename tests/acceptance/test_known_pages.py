"""What a refresh makes of pages that it knows: starts among them, and those that were missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

TITLE = {"item": "Page", "url": "**", "fields": {"title": {"css": "title::text"}}}
BOTH = {"item": "Page", "url": "**", "fields": {name: {"css": "title::text"} for name in "ab"}}


def write(job: Job, rule: dict[str, Any], policy: str, **more: Any) -> None:
    start = more.pop("start", None)
    incremental = {
        "bodies": {}, "events": "events.jsonl", "revisit": {"policy": policy, "every": "7d"},
        **more,
    }  # fmt: skip
    beside = {"start": start} if start else {}
    job.write(extract=[rule], incremental=incremental, checks={"max_failed": "60%"}, **beside)


def told(job: Job) -> list[tuple[str, str]]:
    """Return the events so far, each with the last part of its page's path."""
    return [(one["event"], one["url"].rsplit("/", 1)[1]) for one in job.items("events.jsonl")]


async def test_a_known_page_that_becomes_a_start_is_asked_for(job: Job, site: Site) -> None:
    paths = site.tree(3)
    write(job, TITLE, "fixed", gone={"recheck": False, "after_misses": 1})
    await job.run()
    known = told(job)
    before = site.hits[paths[1]]

    write(
        job, TITLE, "fixed", start={"urls": [site.url(paths[1])]},
        gone={"recheck": False, "after_misses": 1, "max_share": "100%"},
    )  # fmt: skip
    ran = await job.run()

    assert ran.code == 0
    assert site.hits[paths[1]] == before + 1
    assert ("gone", paths[1][1:]) not in told(job)[len(known) :]


@pytest.mark.parametrize("rule", [TITLE, BOTH], ids=["reparse", "other rules"])
async def test_a_page_that_is_gone_is_not_back_out_of_its_kept_body(
    job: Job, site: Site, rule: dict[str, Any]
) -> None:
    paths = site.tree(4)
    write(job, TITLE, "always", gone={"after_misses": 1, "max_share": "50%"})
    await job.run()
    del site.pages[paths[1]]
    await job.run()
    assert told(job)[-1] == ("gone", paths[1][1:])

    write(job, rule, "always", gone={"after_misses": 1, "max_share": "50%"})
    await job.run(*(["--", "reparse", "job"] if rule is TITLE else []))

    assert "back" not in dict(told(job))


async def test_a_list_that_is_trusted_does_not_bring_back_what_was_missed(
    job: Job, site: Site
) -> None:
    paths = [f"/p{n}" for n in range(4)]
    for path in paths:
        site.html(path)
    xml = "".join(
        f"<url><loc>{site.url(path)}</loc><lastmod>2020-01-0{n + 1}</lastmod></url>"
        for n, path in enumerate(paths)
    )
    head = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
    site.pages["/sitemap.xml"] = site.answer(
        f"{head}{xml}</urlset>", 200, content_type="application/xml"
    )
    job.write(
        extract=[TITLE], start={"sitemap": site.url("/sitemap.xml"), "lastmod": "trust"},
        checks={"max_failed": "90%", "allow_empty": True},
        incremental={"events": "events.jsonl", "gone": {"after_misses": 2, "recheck": False}},
    )  # fmt: skip
    await job.run()
    del site.pages["/p1"]
    again = ("--set", "start.lastmod=hint", "--set", "incremental.revisit.policy=always")
    await job.run(*again)

    await job.run()

    assert told(job)[-1] == ("gone", "p1")


async def test_a_page_whose_callback_broke_off_lost_nothing(job: Job, site: Site) -> None:
    site.html("/")
    for n in range(4):
        site.html(f"/l{n}")
    code = """
class S(Spider):
    name = "job"

    def parse(self, response):
        for n in range(4):
            yield Request(response.urljoin(f"/l{n}"), callback=self.leaf)

    def leaf(self, response):
        if b"stop" in response.body:
            raise CloseSpider("enough")
        yield {"title": response.url[-2:]}
"""
    job.spider(
        code, incremental={"events": "events.jsonl", "gone": {"after_misses": 1}},
        fetch={"concurrency": 1},
    )  # fmt: skip
    await job.run()
    good = site.pages["/l0"]
    site.html("/l0", body="stop")
    await job.run()
    site.pages["/l0"] = good

    await job.run()
    await job.run()

    assert {event for event, _ in told(job)} == {"new"}


async def test_an_errback_of_a_page_that_is_asked_twice_gives_its_item_once(
    job: Job, site: Site
) -> None:
    site.tree(3)
    job.spider(
        """
class S(Spider):
    name = "job"

    def parse(self, response):
        for n in range(3):
            yield Request(response.urljoin(f"/leaf{n}"), callback=self.leaf, errback=self.err)

    def leaf(self, response):
        yield {"title": response.url}

    def err(self, failure):
        yield {"title": "err"}
""",
        incremental={"events": "events.jsonl"}, checks={"max_failed": "60%"},
    )  # fmt: skip
    await job.run()
    (missing,) = [path for path in site.pages if path.endswith("leaf1")]
    del site.pages[missing]

    await job.run()

    items = job.items(f"data/job/{job.summary()['run']}.jsonl")
    assert [one["title"] for one in items].count("err") == 1
