"""The exit-code table, row for row, each in a process of its own.

What a row means beyond its code is tested where it belongs; here stands the table as a whole.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest

from tests.acceptance.conftest import Job, Ran, Site

TITLE = {"item": "Page", "fields": {"title": {"css": "title::text"}}}


class Row(NamedTuple):
    """One meaning of a code.

    Attributes:
        code: That the process is to end with.
        says: Words on standard error.
        play: What brings it about.
    """

    code: int
    says: str
    play: Callable[[Job, Site], Awaitable[Ran]]


def failing(point: str) -> dict[str, str]:
    return {"CRAWLER_FAILPOINT": point}


async def good(job: Job, site: Site) -> Ran:
    site.tree(2)
    job.write()
    return await job.run()


async def limit_of_pages(job: Job, site: Site) -> Ran:
    site.tree(3)
    job.write(scope={"max_pages": 2})
    return await job.run()


async def limit_of_time(job: Job, site: Site) -> Ran:
    site.tree(40)
    slow = {"per_host": {"delay": "200ms", "adaptive": False}}
    job.write(scope={"max_runtime": "600ms"}, fetch=slow)
    return await job.run()


async def limit_of_items(job: Job, site: Site) -> Ran:
    site.tree(3)
    job.write(checks={"min_items": 4})
    return await job.run("--limit", "2")


async def ended_by_its_spider(job: Job, site: Site) -> Ran:
    site.tree(1)
    code = (
        "class S(Spider):\n    name = 's'\n    def parse(self, response):\n        yield {'a': 1}\n"
    )
    job.spider(f"{code}        raise CloseSpider('enough')\n")
    return await job.run()


async def allowed_to_be_empty(job: Job, site: Site) -> Ran:
    site.tree(1)
    job.write(extract=[TITLE | {"url": "/nowhere/*"}], checks={"allow_empty": True})
    return await job.run()


async def nothing_to_retry(job: Job, site: Site) -> Ran:
    await good(job, site)
    return await job.run("--", "retry", "job")


async def our_bug(job: Job, site: Site) -> Ran:
    site.tree(2)
    job.write()
    return await job.run(env=failing("commit.before:1:raise"))


async def exit_called(job: Job, site: Site) -> Ran:
    site.tree(2)
    code = "class S(Spider):\n    name = 's'\n    def parse(self, response):\n        exit(0)\n"
    job.spider(f"import sys\n{code}".replace("exit(0)", "sys.exit(0)"))
    return await job.run()


async def wrong_config(job: Job, site: Site) -> Ran:
    job.write(scope={"max_depht": 3})
    return await job.run()


async def wrong_option(job: Job, site: Site) -> Ran:
    job.write()
    return await job.run("--freshh")


async def wrong_command(job: Job, site: Site) -> Ran:
    return await job.run("--", "sohw", "job")


async def nothing_to_resume(job: Job, site: Site) -> Ran:
    job.write()
    return await job.run("--resume")


async def output_there_already(job: Job, site: Site) -> Ran:
    (job.folder / "out.jsonl").write_text("{}\n")
    job.write(output=[{"path": "out.jsonl"}])
    return await job.run()


async def changed_so_that_it_cannot_resume(job: Job, site: Site) -> Ran:
    await stopped(job, site, signal.SIGINT)
    job.write(scope={"max_depth": 3})
    return await job.run()


async def unknown_run(job: Job, site: Site) -> Ran:
    return await job.run("--", "show", "job")


async def too_few_items(job: Job, site: Site) -> Ran:
    site.tree(1)
    job.write(checks={"min_items": 9})
    return await job.run()


async def too_little_filled(job: Job, site: Site) -> Ran:
    site.tree(1)
    rule = {"item": "A", "fields": {"title": {"css": "title::text"}, "no": {"css": "b::text"}}}
    job.write(extract=[rule], checks={"min_fill": {"no": "50%"}})
    return await job.run()


async def too_many_failed(job: Job, site: Site) -> Ran:
    site.html("/", "/broken")
    site.pages["/broken"] = site.answer("", 403)
    job.write()
    return await job.run()


async def no_item(job: Job, site: Site) -> Ran:
    site.tree(1)
    job.write(extract=[TITLE | {"url": "/nowhere/*"}])
    return await job.run()


async def start_forbidden(job: Job, site: Site) -> Ran:
    site.html("/")
    site.pages["/robots.txt"] = site.answer("User-agent: *\nDisallow: /", content_type="text/plain")
    job.write()
    return await job.run()


async def start_missing(job: Job, site: Site) -> Ran:
    job.write()
    return await job.run()


async def nobody_listens(job: Job, site: Site) -> Ran:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        job.write(start=[f"http://127.0.0.1:{free.getsockname()[1]}/"], fetch={"robots": "ignore"})
        return await job.run()


async def robots_unreachable(job: Job, site: Site) -> Ran:
    site.html("/")
    site.pages["/robots.txt"] = site.answer("", 503)
    job.write()
    return await job.run()


async def redirect_that_leads_nowhere(job: Job, site: Site) -> Ran:
    site.redirect("/", "/gone")
    job.write()
    return await job.run()


async def disk_full(job: Job, site: Site) -> Ran:
    site.tree(2)
    job.write()
    return await job.run(env=failing("output.write.half:1:enospc"))


async def state_damaged(job: Job, site: Site) -> Ran:
    await good(job, site)
    (job.folder / "state/job/crawl.sqlite").write_bytes(b"no database" * 500)
    return await job.run()


async def state_newer(job: Job, site: Site) -> Ran:
    await good(job, site)
    db = sqlite3.connect(job.folder / "state/job/crawl.sqlite")
    db.execute("PRAGMA user_version=999")
    db.close()
    return await job.run()


async def output_changed_under_us(job: Job, site: Site) -> Ran:
    await stopped(job, site, signal.SIGINT)
    (data,) = (job.folder / "data/job").glob("*.jsonl")
    data.write_text("edited\n")
    return await job.run()


async def every_slot_dies(job: Job, site: Site) -> Ran:
    site.tree(12)
    (job.folder / "steps.py").write_text("import os\ndef step(item):\n    os._exit(1)\n")
    job.write(transform={"workers": 1, "steps": [{"python": "steps.py:step"}]})
    return await job.run()


async def beside_another(job: Job, site: Site) -> Ran:
    site.tree(1)
    held = site.hold("/leaf0")
    job.write()
    first = await job.start()
    await held.asked.wait()
    second = await job.run()
    held.answer.set()
    assert (await first.end()).code == 0
    return second


async def stopped(
    job: Job, site: Site, number: signal.Signals, point: str = "", **keys: object
) -> Ran:
    site.tree(3)
    held = site.hold("/leaf1")
    job.write(**keys)
    running = await job.start(env=failing(point) if point else None)
    await held.asked.wait()
    running.send(number)
    await running.said("stopping")
    held.answer.set()
    return await running.end()


async def interrupted(job: Job, site: Site) -> Ran:
    return await stopped(job, site, signal.SIGINT)


async def terminated(job: Job, site: Site) -> Ran:
    return await stopped(job, site, signal.SIGTERM)


async def unreached_and_a_check(job: Job, site: Site) -> Ran:
    job.write(checks={"min_items": 5})
    return await job.run()


async def unreached_and_no_disk(job: Job, site: Site) -> Ran:
    job.write(checks={"min_items": 5})
    return await job.run(env=failing("ledger.before:1:enospc"))


async def unreached_and_our_bug(job: Job, site: Site) -> Ran:
    job.write(checks={"min_items": 5})
    return await job.run(env=failing("end.before:1:raise"))


async def stopped_with_a_failed_check(job: Job, site: Site) -> Ran:
    return await stopped(job, site, signal.SIGTERM, checks={"min_items": 99})


async def stopped_and_no_disk(job: Job, site: Site) -> Ran:
    return await stopped(job, site, signal.SIGINT, "ledger.before:1:enospc")


ROWS = {
    "a good end": Row(0, "OK (exit 0)", good),
    "scope.max_pages was reached": Row(0, "scope.max_pages reached", limit_of_pages),
    "scope.max_runtime was reached": Row(0, "scope.max_runtime reached", limit_of_time),
    "--limit was reached": Row(0, "--limit reached", limit_of_items),
    "the spider closed it": Row(0, "enough", ended_by_its_spider),
    "empty, and that is allowed": Row(0, "OK (exit 0)", allowed_to_be_empty),
    "there is nothing to retry": Row(0, "nothing to retry", nothing_to_retry),
    "an error of ours": Row(1, "internal error", our_bug),
    "a config that is wrong": Row(2, "did you mean 'max_depth'?", wrong_config),
    "an option that is wrong": Row(2, "did you mean --fresh?", wrong_option),
    "a command that is wrong": Row(2, "did you mean 'show'?", wrong_command),
    "nothing to resume": Row(2, "no interrupted run to resume", nothing_to_resume),
    "an output that is there": Row(2, "exists already", output_there_already),
    "another crawl than before": Row(2, "--fresh", changed_so_that_it_cannot_resume),
    "a run that nobody knows": Row(2, "no run and no job 'job'", unknown_run),
    "checks.min_items": Row(3, "checks.min_items", too_few_items),
    "checks.min_fill": Row(3, "checks.min_fill.no", too_little_filled),
    "checks.max_failed": Row(3, "checks.max_failed", too_many_failed),
    "no item although there are rules": Row(3, "no item was found", no_item),
    "a spider that calls exit": Row(3, "SystemExit: 0", exit_called),
    "robots.txt forbids the start": Row(3, "robots.txt forbids", start_forbidden),
    "a start that is missing": Row(4, "HTTP 404", start_missing),
    "a start that does not answer": Row(4, "could be reached", nobody_listens),
    "robots.txt that does not answer": Row(4, "could be reached", robots_unreachable),
    "a redirect that leads nowhere": Row(4, "could be reached", redirect_that_leads_nowhere),
    "a full disk": Row(5, "cannot write", disk_full),
    "damaged state": Row(5, "crawl.sqlite", state_damaged),
    "state of a newer version": Row(5, "newer version", state_newer),
    "an output that changed": Row(
        5, "is not what the interrupted run left", output_changed_under_us
    ),
    "slots that die one after another": Row(6, "took its process along", every_slot_dies),
    "another run has the lock": Row(75, "another run of this job is going on", beside_another),
    "Ctrl-C": Row(130, "go on with: ", interrupted),
    "SIGTERM": Row(143, "go on with: ", terminated),
    "4 before 3": Row(4, "checks.min_items", unreached_and_a_check),
    "5 before 4": Row(5, "cannot write", unreached_and_no_disk),
    "1 before 4": Row(1, "internal error", unreached_and_our_bug),
    "a signal before 3": Row(143, "INTERRUPTED (exit 143)", stopped_with_a_failed_check),
    "a signal before 5": Row(130, "cannot write", stopped_and_no_disk),
}


@pytest.mark.parametrize("name", ROWS)
async def test_the_exit_code_tells_how_it_ended(job: Job, site: Site, name: str) -> None:
    row = ROWS[name]

    ran = await asyncio.wait_for(row.play(job, site), 60)

    assert ran.code == row.code, ran.err
    assert row.says in ran.err


async def test_what_a_full_disk_ended_goes_on_when_there_is_room(job: Job, site: Site) -> None:
    full = await disk_full(job, site)

    ran = await job.run()

    assert (full.code, ran.code) == (5, 0)
    assert len(job.items()) == 3


async def test_an_error_of_ours_loses_nothing(job: Job, site: Site) -> None:
    broken = await our_bug(job, site)

    ran = await job.run()

    assert (broken.code, ran.code) == (1, 0)
    assert len(job.items()) == 3
