"""Servers as they are: redirects, refusals, and pages that are not what they say."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from crawler.testing.raw_server import Exchange

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site


async def test_a_page_reached_by_redirect_counts_once_under_its_final_url(
    job: Job, site: Site
) -> None:
    site.html("/", "/old", "/older", "/new")
    site.redirect("/old", "/new", 301)
    site.redirect("/older", "/old", 302)
    site.html("/new")
    job.write()

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == ["/", "/new"]
    assert site.hits["/new"] == 1
    rows = job.requests()
    assert {path: rows[path]["reason"] for path in ("/old", "/older")} == {
        "/old": "redirected",
        "/older": "redirected",
    }


async def test_the_host_that_a_start_redirects_to_joins_the_scope(
    job: Job, site: Site, other_site: Site
) -> None:
    site.redirect("/", other_site.url("/home"))
    other_site.html("/home", "/deeper")
    other_site.html("/deeper", site.url("/away"))
    job.write(fetch={"private_addresses": "allow"})

    ran = await job.run()

    assert ran.code == 0
    assert job.paths() == ["/home", "/deeper"]


async def test_a_redirect_out_of_scope_in_mid_crawl_is_skipped(
    job: Job, site: Site, other_site: Site
) -> None:
    site.html("/", "/away")
    site.redirect("/away", other_site.url("/home"))
    job.write(fetch={"private_addresses": "allow"})

    ran = await job.run()

    assert (ran.code, other_site.hits) == (0, {})
    assert job.summary()["books"]["skipped"] == {"redirected": 1, "scope": 1}


async def test_a_redirect_loop_fails_and_ends(job: Job, site: Site) -> None:
    site.html("/", "/a")
    site.redirect("/a", "/b")
    site.redirect("/b", "/a")
    job.write(checks={"max_failed": "100%"})

    ran = await job.run()

    assert ran.code == 0
    assert site.hits["/a"] + site.hits["/b"] <= 22
    assert job.summary()["errors"] == {"redirect": 1}


async def test_the_redirect_that_sets_a_cookie_first_ends_at_the_page(job: Job, site: Site) -> None:
    site.html("/", "/wall")
    page = site.html("/wall")

    async def wall(exchange: Exchange) -> None:
        if "seen=1" in exchange.fields.get("cookie", ""):
            await exchange.send(page)
        else:
            await exchange.send(site.answer("", 302, location="/wall", set_cookie="seen=1"))

    site.pages["/wall"] = wall
    job.write()

    ran = await job.run()

    assert (ran.code, job.paths()) == (0, ["/", "/wall"])


@pytest.mark.parametrize("location", ["", "ftp://127.0.0.1/", "http://[broken/"])
async def test_a_redirect_to_nowhere_fails_with_a_reason(
    job: Job, site: Site, location: str
) -> None:
    site.html("/", "/away")
    site.redirect("/away", location)
    job.write(checks={"max_failed": "100%"})

    ran = await job.run()

    row = job.requests()["/away"]
    assert (ran.code, row["outcome"], row["reason"]) == (0, "failed", "redirect")
    assert row["error"]


async def test_a_429_is_obeyed_and_the_page_still_comes(job: Job, site: Site) -> None:
    page = site.html("/")

    async def busy_once(exchange: Exchange) -> None:
        busy = site.hits["/"] == 1
        await exchange.send(site.answer("", 429, retry_after="1") if busy else page)

    site.pages["/"] = busy_once
    job.write(fetch={"retries": 1})

    ran = await job.run()

    assert (ran.code, job.paths(), site.hits["/"]) == (0, ["/"], 2)
    row = job.requests()["/"]
    assert (row["outcome"], row["attempts"]) == ("done", 2)
    assert job.summary()["http"] == {"200": 1, "429": 1}


async def test_a_503_that_never_ends_is_dead_when_the_budget_is_spent(job: Job, site: Site) -> None:
    site.html("/", "/busy")
    site.pages["/busy"] = site.answer("", 503)
    job.write(fetch={"retries": 1}, checks={"max_failed": "100%"})

    ran = await job.run()

    assert ran.code == 0
    row = job.requests()["/busy"]
    assert (row["outcome"], row["reason"], row["attempts"]) == ("dead", "server", 2)
    assert site.hits["/busy"] == 2


SHORT = b"HTTP/1.1 200 -\r\ncontent-type: text/html\r\ncontent-length: 999\r\n\r\n<title>a</title>"
CUT_GZIP = gzip.compress(b"<title>zip</title>" + bytes(5000))[:-12]
BAD: dict[str, tuple[bytes, str]] = {
    "shorter than it says": (SHORT, "truncated"),
    "no HTTP at all": (b"SSH-2.0-server\r\n\r\n", "protocol"),
    "a header that is none": (b"HTTP/1.1 200 -\r\n: x\r\n\r\n", "protocol"),
    "said to be gzip, cut short": (
        b"HTTP/1.1 200 -\r\ncontent-type: text/html\r\ncontent-encoding: gzip\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(CUT_GZIP), CUT_GZIP),
        "truncated",
    ),
    "larger than allowed": (
        b"HTTP/1.1 200 -\r\ncontent-type: text/html\r\ncontent-length: 90000\r\n\r\n"
        + bytes(90_000),
        "too_large",
    ),
}


@pytest.fixture
def bad_job(job: Job, site: Site) -> Job:
    """A start page that links to one page of each bad kind."""

    def closing(answer: bytes) -> object:
        async def play(exchange: Exchange) -> None:
            await exchange.send(answer)
            exchange.close()

        return play

    paths = [f"/{name.replace(' ', '-').replace(',', '')}" for name in BAD]
    site.html("/", *paths, "/endless", "/dribble")
    for path, (answer, _) in zip(paths, BAD.values(), strict=True):
        site.pages[path] = closing(answer)  # type: ignore[assignment]

    async def endless(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 -\r\ncontent-type: text/html\r\n\r\n")
        while not exchange.is_over:
            await exchange.send(b"<p>more</p>" * 1000)

    async def dribble(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 -\r\ncontent-type: text/html\r\n\r\n<p>")
        await exchange.hold()

    site.pages["/endless"], site.pages["/dribble"] = endless, dribble
    job.write(
        fetch={"max_body": "64KiB", "timeout": "400ms", "deadline": "3s"},
        checks={"max_failed": "100%"},
    )
    return job


async def test_each_bad_page_is_one_failed_url_with_a_reason(bad_job: Job) -> None:
    ran = await bad_job.run()

    assert ran.code == 0
    rows = bad_job.requests()
    ended = {path: row["reason"] for path, row in rows.items() if path != "/"}
    wanted = {f"/{name.replace(' ', '-').replace(',', '')}": why for name, (_, why) in BAD.items()}
    assert ended == wanted | {"/endless": "too_large", "/dribble": "timeout"}
    assert all(row["error"] for path, row in rows.items() if path != "/")
    assert {row["outcome"] for row in rows.values()} == {"done", "failed", "dead"}
    assert bad_job.paths() == ["/"]


ODD: dict[str, tuple[dict[str, str], bytes, int]] = {
    # kind of page: header fields, body, items
    "/empty": ({}, b"", 1),
    "/typeless": ({"content_type": ""}, b"<title>plain</title>", 1),
    "/image": ({"content_type": "image/png"}, b"\x89PNG\r\n\x1a\n\0\0", 0),
    "/broken-utf-8": ({"content_type": "text/html; charset=utf-8"}, b"<title>\xff\xc3</title>", 1),
    "/no-charset": ({"content_type": "text/html; charset=klingon"}, "<p>Grüße".encode(), 1),
    "/binary": ({"content_type": "text/html"}, b"\0\1\2\3" * 2000, 1),
    "/not-gzip": ({"content_encoding": "gzip"}, b"<title>not zipped at all</title>", 1),
    "/unknown-coding": ({"content_encoding": "snail"}, b"<title>who knows</title>", 1),
}


async def test_odd_pages_do_no_harm(job: Job, site: Site) -> None:
    site.html("/", *ODD, "/next")
    site.html("/next")
    for path, (fields, body, _) in ODD.items():
        site.pages[path] = site.answer(body, **fields)
    job.write()

    ran = await job.run()

    urls = [item["url"] for item in job.items()]
    assert ran.code == 0
    assert {path: urls.count(site.url(path)) for path in ODD} == {
        path: items for path, (_, _, items) in ODD.items()
    }
    rows = job.requests()
    assert rows["/next"]["outcome"] == "done"
    assert (rows["/image"]["outcome"], rows["/image"]["reason"]) == ("skipped", "type")


async def test_links_marked_nofollow_are_left_alone(job: Job, site: Site) -> None:
    site.html("/", "/page", body='<a rel="nofollow" href="/secret">x</a>')
    site.html("/page", "/secret", body='<meta name="robots" content="nofollow">')
    job.write()

    ran = await job.run()

    assert (ran.code, site.hits["/secret"]) == (0, 0)
    assert job.summary()["nofollow_links"] == 2


async def test_private_addresses_are_refused_unless_a_start_names_them(
    job: Job, site: Site, other_site: Site
) -> None:
    other_site.html("/")
    site.html("/", other_site.url("/"))
    port = other_site.server.port
    hosts = [f"127.0.0.1:{site.server.port}", f"localhost:{port}"]
    site.html("/", f"http://localhost:{port}/", other_site.url("/"))
    job.write(scope={"hosts": hosts})

    ran = await job.run()

    assert ran.code == 0
    assert job.paths() == ["/", "/"]  # `hosts` names localhost, but not 127.0.0.1 with that port


async def test_a_redirect_into_a_private_address_is_refused(
    job: Job, site: Site, other_site: Site
) -> None:
    other_site.html("/")
    site.redirect("/", other_site.url("/"))
    job.write()

    ran = await job.run()

    assert (ran.code, dict(other_site.hits)) == (4, {})
