"""What was given up says so: class, tries, last error, time; `crawler show` lists it."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

#: Paths, the class they are given up for, and how often they are asked for with `retries: 1`.
GIVEN_UP = {
    "/server": ("dead", "server", 2),
    "/busy": ("dead", "rate_limited", 2),
    "/forbidden": ("failed", "status", 1),
    "/cut": ("dead", "truncated", 2),
    "/silent": ("dead", "timeout", 2),
    "/nonsense": ("dead", "protocol", 2),
    "/large": ("failed", "too_large", 1),
    "/packed": ("failed", "unreadable", 1),
    "/loop": ("failed", "redirect", 1),
    "/raises": ("failed", "callback", 1),
}


def troubled(site: Site) -> None:
    """Put up a page for each way in which a page is given up."""

    async def silent(exchange: Any) -> None:
        await asyncio.Event().wait()

    async def cut(exchange: Any) -> None:
        await exchange.send(site.answer("half", content_length="999"))
        exchange.close()

    site.html("/", *GIVEN_UP)
    site.pages["/server"] = site.answer("", 500)
    site.pages["/busy"] = site.answer("", 429, retry_after="0")
    site.pages["/forbidden"] = site.answer("", 403)
    site.pages["/cut"] = cut
    site.pages["/silent"] = silent
    site.pages["/nonsense"] = b"HTTP/9 what\r\n\r\n"
    site.pages["/large"] = site.answer("x" * 4096)
    site.pages["/packed"] = site.answer(b"\xff" * 99, content_encoding="gzip, br, gzip, br")
    site.redirect("/loop", "ftp://127.0.0.1/")
    site.html("/raises")


def write_job(job: Job, **fetch: Any) -> None:
    limits = {"retries": 1, "timeout": "300ms", "max_body": "2KiB"}
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        if 'raises' in response.url:\n"
        "            raise ValueError('no such field')\n"
        "        yield {'url': response.url}\n"
        "        yield from response.follow_all(response.css('a'))\n",
        checks={"max_failed": "100%"}, fetch={**limits, **fetch},
    )  # fmt: skip


async def failed(job: Job, *options: str) -> list[dict[str, Any]]:
    shown = await job.run("--", "show", "job", "--failed", "--json", *options)
    assert shown.code == 0, shown.err
    return shown.lines


async def test_whatever_a_page_is_given_up_for_is_told_with_tries_error_and_time(
    job: Job, site: Site
) -> None:
    troubled(site)
    write_job(job)

    ran = await job.run()
    rows = job.requests()

    assert ran.code == 0, ran.err
    found = {
        path: (row["outcome"], row["reason"], row["attempts"])
        for path, row in rows.items()
        if row["outcome"] in ("failed", "dead")
    }
    assert found == GIVEN_UP
    for path in GIVEN_UP:
        row = rows[path]
        assert row["error"]
        assert "\n" not in row["error"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["at"])
        assert row["referrer"] == site.url("/")
    assert "no such field (" in rows["/raises"]["error"]
    assert await failed(job) == [row for path, row in rows.items() if path in GIVEN_UP]


async def test_hosts_that_cannot_be_reached_have_a_class_each(
    job: Job, site: Site, other_site: Site
) -> None:
    site.html("/")
    other_site.pages["/robots.txt"] = site.answer("", 503)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/"
        secure = site.url("/").replace("http:", "https:")
        starts = [site.url("/"), other_site.url("/"), "http://no-such-host.invalid/", nobody]
        job.write(start=[*starts, secure], checks={"max_failed": "100%"})
        ran = await job.run()

    assert ran.code == 0, ran.err
    rows = {row["url"]: row for row in await failed(job)}
    classes = {url: row["reason"] for url, row in rows.items()}
    assert classes.pop(secure) in ("tls", "robots_unreachable")
    assert classes[other_site.url("/")] == "robots_unreachable"
    assert set(rows) == {*starts[1:], secure}
    assert all(row["error"] and row["at"] for row in rows.values())


async def test_a_page_that_ends_the_process_is_a_dead_letter_too_and_can_be_retried(
    job: Job, site: Site
) -> None:
    site.html("/", "/deadly")
    site.html("/deadly")
    code = (
        "import os\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        if 'deadly' in response.url:\n"
        "            {}\n"
        "        yield {{'title': response.url}}\n"
        "        yield from response.follow_all(response.css('a'))\n"
    )
    job.spider(code.format("os._exit(9)"), checks={"max_failed": "100%"})
    codes = [(await job.run()).code for _ in range(4)]
    (row,) = await failed(job)
    job.spider(code.format("pass"), checks={"max_failed": "100%"})
    again = await job.run("--", "retry", "job", "--class", "crash")

    assert codes == [9, 9, 9, 0]
    assert (row["reason"], row["outcome"], bool(row["at"])) == ("crash", "dead", True)
    assert "3 times when the process ended" in row["error"]
    assert again.code == 0, again.err
    assert len(job.items()) == 2


async def test_show_tells_a_run_in_lines_and_in_json(job: Job, site: Site) -> None:
    troubled(site)
    write_job(job)
    await job.run()
    run_id = job.reports[0].name

    by_name, by_id = [await job.run("--", "show", word) for word in ("job", run_id)]
    as_json = await job.run("--", "show", "job", "--json")
    listed = await job.run("--", "show", run_id, "--failed")

    facts = json.loads(as_json.out)
    text = by_id.out.decode()
    assert by_name.out.decode().splitlines()[:4] == text.splitlines()[:4]
    assert text.startswith(f"job run {run_id}: finished, exit 0\n")
    assert "pages   1 ok · 10 failed" in text
    assert str(job.reports[0]) in text
    assert facts["books"] == job.summary()["books"]
    assert facts["given_up"] == dict.fromkeys((row[1] for row in GIVEN_UP.values()), 1)
    assert [path.endswith(".jsonl") for path in facts["outputs"]] == [True]
    assert len(listed.out.splitlines()) == len(GIVEN_UP)
    assert f"2 tries  {site.url('/server')}: HTTP 500, found on {site.url('/')}" in (
        listed.out.decode()
    )


async def test_show_lists_what_was_skipped_by_reason(job: Job, site: Site) -> None:
    site.html("/", "/private/a", "/private/b", "/moved")
    site.redirect("/moved", "/")
    site.pages["/robots.txt"] = site.answer("User-agent: *\nDisallow: /private", 200)
    job.write()
    await job.run()

    text = await job.run("--", "show", "job", "--skipped")
    lines = await job.run("--", "show", "job", "--skipped", "--json")

    assert text.out.decode().splitlines() == [
        "robots: 2",
        f"  {site.url('/private/a')}, found on {site.url('/')}",
        f"  {site.url('/private/b')}, found on {site.url('/')}",
        "redirected: 1",
        f"  {site.url('/moved')}, found on {site.url('/')}",
    ]
    assert {row["reason"] for row in lines.lines} == {"robots", "redirected"}


async def test_show_sees_a_run_that_goes_on_one_that_was_stopped_and_one_that_was_killed(
    job: Job, site: Site
) -> None:
    site.tree(3)
    site.pages["/leaf0"] = site.answer("", 403)
    held = site.hold("/leaf1")
    job.write(checks={"max_failed": "100%"})

    async def standing() -> dict[str, Any]:
        shown = await job.run("--", "show", "job", "--json")
        assert shown.code == 0, shown.err
        loaded: dict[str, Any] = json.loads(shown.out)
        assert loaded["books"]["balanced"]
        return loaded

    running = await job.start()
    await held.asked.wait()
    while not (going := await standing())["books"]["failed"]:
        pass
    listed = await failed(job)
    await running.kill()
    killed = await standing()
    running = await job.start()
    await running.said("goes on")
    running.send(signal.SIGTERM)
    held.answer.set()
    stopped_by = await running.end()
    stopped = await standing()

    assert (going["standing"], going["exit"]) == ("going on", None)
    assert going["given_up"] == {"status": 1}
    assert [row["reason"] for row in listed] == ["status"]
    assert killed["standing"] == "killed"
    assert stopped_by.code == 143
    assert stopped["standing"] == "interrupted"


async def test_an_older_run_is_shown_from_what_it_left(job: Job, site: Site) -> None:
    site.html("/", "/broken")
    site.pages["/broken"] = site.answer("", 403)
    job.write(checks={"max_failed": "100%"})
    await job.run()
    site.html("/broken")
    await job.run()
    first = job.reports[0].name

    old, new = [await job.run("--", "show", word, "--failed") for word in (first, "job")]
    (job.reports[0] / "urls.jsonl.gz").write_bytes(b"\x1f\x8b\x08torn")
    torn = await job.run("--", "show", first, "--failed")

    assert (len(old.out.splitlines()), len(new.out.splitlines())) == (1, 0)
    assert torn.code == 5
    assert "urls.jsonl.gz cannot be read" in torn.err


@pytest.mark.parametrize("durability", ["off", "process"])
async def test_what_a_server_says_does_nothing_to_a_terminal(
    job: Job, site: Site, durability: str
) -> None:
    evil = site.url("/x%1B[2J")
    site.html("/", evil)
    site.pages["/x%1B[2J"] = b"HTTP/1.1 403 \x1b[31mred\r\ncontent-length: 0\r\n\r\n"
    job.write(checks={"max_failed": "100%"}, run={"durability": durability})
    await job.run()

    shown = [await job.run("--", "show", "job", *flag) for flag in ((), ("--failed",))]
    raw = await job.run("--", "show", "job", "--failed", "--json")

    assert all(one.code == 0 and b"\x1b" not in one.out for one in (*shown, raw))
    assert len(raw.lines) == 1
