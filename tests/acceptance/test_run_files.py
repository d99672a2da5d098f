"""The files of a run, as the contract has them, and what must never be in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

SUMMARY = {
    "job", "run", "started", "ended", "exit", "reason", "resumed", "backend", "workers", "loop",
    "books", "items", "http", "errors", "bytes", "duration_s", "pages_per_s", "limited_by",
    "peak_rss_bytes", "cpu_s",
}  # fmt: skip
BOOKS = {"known", "done", "failed", "dead", "skipped", "pending", "balanced"}
# `new`, `changed` and `gone` belong to incremental runs.
ITEMS = {"in", "fanned", "out", "dropped", "quarantined", "waiting", "fill"}
LEDGER = {
    "url", "outcome", "reason", "status", "attempts", "depth", "referrer", "bytes", "ms", "error",
    "at",
}  # fmt: skip


async def test_a_run_leaves_what_the_contract_says(job: Job, site: Site) -> None:
    site.html("/", "/a", "/missing")
    site.html("/a", "/deep")
    site.html("/deep")
    rule = {"item": "Page", "fields": {"t": {"css": "title::text"}, "h": {"css": "h1::text"}}}
    job.write(scope={"max_depth": 1}, extract=[rule])

    ran = await job.run()

    summary, rows = job.summary(), job.requests()
    assert ran.code == 0
    assert summary.keys() >= SUMMARY
    assert summary["books"].keys() == BOOKS
    assert summary["items"]["Page"].keys() >= ITEMS
    assert summary["items"]["Page"]["fill"] == {"t": 1.0, "h": 0.0}
    assert summary["limited_by"].keys() == {"politeness", "cpu", "network", "output"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", summary["started"])
    assert (summary["exit"], summary["http"]) == (0, {"200": 2, "404": 1})
    assert summary["bytes"] > 0
    assert all(row.keys() == LEDGER for row in rows.values())
    assert {path: (row["outcome"], row["reason"], row["depth"]) for path, row in rows.items()} == {
        "/": ("done", None, 0),
        "/a": ("done", None, 1),
        "/missing": ("failed", "status", 1),
        "/deep": ("skipped", "depth", 2),
    }
    assert rows["/a"]["referrer"] == site.url("/")
    assert rows["/deep"]["referrer"] == site.url("/a")
    names = {path.name for path in job.reports[0].iterdir()}
    assert {"summary.json", "urls.jsonl.gz", "run.log", "config.yaml"} <= names
    assert {path.name for path in (job.folder / "state/job").iterdir()} >= {"crawl.sqlite", "lock"}


async def test_the_kept_config_gives_the_same_run_again(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()
    assert (await job.run("--set", "scope.max_depth=0")).code == 0
    kept = job.reports[0] / "config.yaml"

    ran = await job.run("--", str(kept), "--dir", "again")

    assert yaml.safe_load(kept.read_text())["scope"]["max_depth"] == 0
    assert ran.code == 0
    assert len(list((job.folder / "again/data/job").glob("*.jsonl"))) == 1


async def test_a_stopped_runs_report_says_what_is_left(job: Job, site: Site) -> None:
    site.tree(9)
    job.write(scope={"max_pages": 2})

    ran = await job.run()

    pending = [row for row in job.requests().values() if row["outcome"] == "pending"]
    assert ran.code == 0
    assert len(pending) == job.summary()["books"]["pending"] == 8
    assert "8 left" in ran.err


async def test_secrets_are_in_no_file(job: Job, site: Site) -> None:
    site.html("/", "/a", "/broken", "/closed")
    site.html("/a")
    site.pages["/closed"] = site.answer("", 403)
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {'title': response.css('title::text').get()}\n"
        "        yield from response.follow_all(css='a')\n",
        args={"api_key": "key-5ecret", "plain": "${ARGUMENT}", "many": ["${LISTED}", "b"]},
        fetch={
            "headers": {"X-Key": "hea-5ecret", "X-Env": "${HEADER}"},
            "cookies": {"session": "coo-5ecret"},
        },
        checks={"max_failed": "100%"},
    )
    env = {"ARGUMENT": "arg-5ecret", "LISTED": "lis-5ecret", "HEADER": "env-5ecret"}

    ran = await job.run("-vv", env=env)

    assert ran.code == 0, ran.err
    sent = site.seen[-1].fields
    assert (sent["x-key"], sent["x-env"]) == ("hea-5ecret", "env-5ecret")
    assert "session=coo-5ecret" in sent["cookie"]
    for folder in ("state", "reports", "data"):
        for path in (job.folder / folder).rglob("*"):
            assert path.is_dir() or b"5ecret" not in path.read_bytes(), path
    assert "5ecret" not in ran.err


async def test_configured_credentials_are_not_sent_to_another_host(
    job: Job, site: Site, other_site: Site
) -> None:
    site.redirect("/", other_site.url("/"))
    other_site.html("/")
    job.write(fetch={"cookies": {"session": "abc"}, "private_addresses": "allow"})
    site.pages["/"] = site.answer("", 302, location=f"http://localhost:{other_site.server.port}/")

    ran = await job.run()

    assert ran.code == 0
    assert "session=abc" in site.seen[-1].fields["cookie"]
    assert all("cookie" not in exchange.fields for exchange in other_site.seen)


async def test_remote_text_cannot_write_to_the_terminal_or_forge_log_lines(
    job: Job, site: Site
) -> None:
    site.html("/", "/a%1b[31m")
    site.pages["/a%1b[31m"] = site.answer("", 403)
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        raise ValueError('\\x1b[31mred\\n2026-01-01 ERROR forged')\n",
        checks={"max_failed": "100%"},
    )

    await job.run("-v")

    assert "\x1b" not in job.log()
    assert not any(line.startswith("2026-01-01 ERROR") for line in job.log().splitlines())


async def test_an_internal_error_is_told_in_words_and_its_traceback_logged(
    job: Job, site: Site
) -> None:
    site.html("/")
    job.spider(
        "from crawler.engine.tally import Tally\n"
        "def broken(self, outcome):\n"
        "    raise ZeroDivisionError('a bug')\n"
        "Tally.count_page = broken\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {}\n"
    )

    ran = await job.run()

    log = job.reports[0] / "run.log"
    assert ran.code == 1
    assert "internal error: ZeroDivisionError: a bug" in ran.err
    assert str(log) in ran.err
    assert "Traceback" in log.read_text()
    assert "in broken" in log.read_text()


async def test_demo_serves_its_own_site_and_keeps_its_address(job: Job) -> None:
    job.write(demo=True, start=["{demo}/about.html"], scope={"follow": False})

    first, second = await job.run(), await job.run()

    urls = {item["url"] for item in job.items()}
    assert (first.code, second.code, len(urls)) == (0, 0, 1)
