"""Commands that look at single URLs: try, explain, fetch; and demo, the first of all."""

from __future__ import annotations

import json
import signal

import pytest

from tests.acceptance.conftest import Job, Site

RULES = {
    "follow": [{"css": "a.book", "label": "book"}, {"css": "a"}],
    "extract": [
        {
            "item": "Book",
            "label": "book",
            "fields": {"title": {"css": "title::text"}, "price": {"css": "b::text"}},
        }
    ],
}


def shop(job: Job, site: Site) -> None:
    site.pages["/"] = site.answer('<title>/</title><a class=book href="/b">b</a><a href="/c">c</a>')
    site.pages["/b"] = site.answer("<title>/b</title><b>2.50</b>")
    site.pages["/robots.txt"] = site.answer(
        "User-agent: *\nDisallow: /private/\n", content_type="text/plain"
    )
    job.write(scope={"deny": ["/print/**"]}, **RULES)


async def test_try_shows_what_a_page_gives_and_why(job: Job, site: Site) -> None:
    shop(job, site)

    tried = await job.run("--", "try", "job.yaml", "/b")

    assert tried.code == 0
    text = tried.out.decode()
    assert "in scope" in text
    assert "no line is about it" in text
    assert "'book', taken to be its own" in text
    assert 'item       Book {"title":"/b","price":"2.50"}' in text
    assert "it would be crawled, and gives 1 item, 0 links" in text
    assert job.untouched


async def test_try_asks_nothing_of_a_host_out_of_scope(
    job: Job, site: Site, other_site: Site
) -> None:
    shop(job, site)

    tried = await job.run("--", "try", "job.yaml", other_site.url("/x"))

    assert tried.code == 3
    assert b"would not be crawled: out of scope" in tried.out
    assert not other_site.seen


async def test_try_does_not_fetch_what_robots_forbids_unless_told_to(job: Job, site: Site) -> None:
    shop(job, site)
    site.html("/private/x")

    tried = await job.run("--", "try", "job.yaml", "/private/x")
    asked = site.hits["/private/x"]
    anyway = await job.run("--", "try", "job.yaml", "/private/x", "--anyway")

    assert (tried.code, asked) == (3, 0)
    assert b"line 2 (Disallow: /private/), group *" in tried.out
    assert site.hits["/private/x"] == 1
    assert anyway.code == 0


async def test_try_follows_redirects_one_by_one(job: Job, site: Site) -> None:
    shop(job, site)
    site.redirect("/old", "/b", 301)

    tried = await job.run("--", "try", "job.yaml", "/old")

    assert tried.code == 0
    assert [line.split()[1] for line in tried.out.decode().splitlines() if line[:3] == "url"] == [
        site.url("/old"),
        site.url("/b"),
    ]


async def test_try_says_when_there_is_no_answer(job: Job, site: Site) -> None:
    job.write(start=["http://127.0.0.1:1/"])

    tried = await job.run("--", "try", "job.yaml", "http://127.0.0.1:1/")

    assert tried.code == 4
    assert b"could not be had" in tried.out


async def test_explain_asks_nobody_and_knows_what_the_last_run_learnt(job: Job, site: Site) -> None:
    shop(job, site)
    site.html("/c")
    await job.run()
    asked = len(site.seen)

    told = await job.run("--", "explain", "job.yaml", "/b", "--json")
    denied = await job.run("--", "explain", "job.yaml", "/print/b")
    forbidden = await job.run("--", "explain", "job.yaml", "/private/b")

    assert len(site.seen) == asked
    found = json.loads(told.out)
    assert found["state"][0].startswith("done")
    assert f"depth 1, label 'book', found on {site.url('/')}" in found["state"]
    assert "no line is about it, as of" in found["robots"][0]
    assert b"scope.deny has '/print/**' (job.yaml:" in denied.out
    assert b"it would not be crawled: robots.txt forbids it" in forbidden.out


async def test_explain_lists_settings_with_their_places_and_hides_secrets(job: Job) -> None:
    job.write(fetch={"cookies": {"session": "${TOKEN}"}})

    told = await job.run("--", "explain", "job.yaml", env={"TOKEN": "s3cret"})

    assert told.code == 0
    assert b"s3cret" not in told.out
    assert b'name: "job"' in told.out
    assert b"# job.yaml:1" in told.out
    assert b"# default" not in told.out


async def test_fetch_gives_the_body_and_says_what_happened(job: Job, site: Site) -> None:
    shop(job, site)
    site.redirect("/old", "/b")

    fetched = await job.run("--", "fetch", site.url("/old"))
    private = await job.run("--", "fetch", site.url("/private/x"))

    assert fetched.code == 0
    assert fetched.out == b"<title>/b</title><b>2.50</b>"
    assert f"to {site.url('/b')}" in fetched.err or "to /b" in fetched.err
    assert private.code == 3
    assert "line 2 (Disallow: /private/)" in private.err
    assert job.untouched


@pytest.mark.parametrize("command", ["try job.yaml", "explain job.yaml", "fetch"])
async def test_what_is_no_url_is_refused_with_what_may_have_been_meant(
    job: Job, command: str
) -> None:
    job.write()

    ran = await job.run("--", *command.split(), "shop.example/x")

    assert ran.code == 2
    assert "did you mean https://shop.example/x?" in ran.err


async def test_demo_needs_no_question_and_ends_with_the_report(job: Job) -> None:
    ran = await job.run("--", "demo")

    assert ran.code == 0
    assert "OK (exit 0)" in ran.err
    report = next((job.folder / "reports/demo").iterdir()) / "report.html"
    assert report.as_uri() in ran.err
    assert report.exists()
    assert len(list((job.folder / "data/demo").glob("*.csv"))) == 1


async def test_the_practice_site_is_served_until_ctrl_c_which_is_its_good_end(job: Job) -> None:
    serving = await job.start("--", "demo", "--serve")
    await serving.said("Ctrl-C ends it")

    serving.send(signal.SIGINT)
    ended = await serving.end()

    assert (ended.code, ended.err) == (0, "")
