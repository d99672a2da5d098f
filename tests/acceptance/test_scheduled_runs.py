"""Runs of `--cron`: what cron mails, when they begin, what they do beside each other."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Ran, Site

#: Lines that a mail of cron may have.
MAIL = 20


def mailed(ran: Ran) -> int:
    """Return the lines that cron would mail."""
    return len(ran.out.splitlines()) + len(ran.err.splitlines())


# What is mailed


async def test_a_good_run_says_nothing(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()

    ran = await job.run("--cron")

    assert (ran.code, ran.out, ran.err) == (0, b"", "")


async def test_an_error_of_ours_is_told_in_a_few_lines(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()

    ran = await job.run("--cron", env={"CRAWLER_FAILPOINT": "commit.before:3:raise"})

    assert ran.code == 1
    assert "internal error" in ran.err
    assert "run.log" in ran.err
    assert 0 < mailed(ran) <= MAIL


async def test_a_config_with_a_hundred_mistakes_is_told_in_a_few_lines(
    job: Job, site: Site
) -> None:
    wrong = "".join(f"  wrong{number}: 1\n" for number in range(100))
    job.write(f"name: job\nstart: [{site.url()}]\nfetch:\n{wrong}")

    ran = await job.run("--cron")

    assert ran.code == 2
    assert "94 more: " in ran.err
    assert 0 < mailed(ran) <= MAIL


async def test_a_failed_check_is_told_with_reason_and_report(job: Job, site: Site) -> None:
    site.html("/", *(f"/gone{number}" for number in range(60)))
    job.write(checks={"min_items": 500, "max_failed": "1%"})

    ran = await job.run("--cron")

    assert ran.code == 3
    assert "NOT GOOD" in ran.err
    assert "min_items" in ran.err
    assert "reports/job" in ran.err
    assert 0 < mailed(ran) <= MAIL


async def test_a_start_that_cannot_be_reached_is_told(job: Job, site: Site) -> None:
    job.write(fetch={"robots": "ignore"})  # there is no page at all

    ran = await job.run("--cron")

    assert ran.code == 4
    assert "NOTHING REACHED" in ran.err
    assert 0 < mailed(ran) <= MAIL


async def test_a_damaged_state_is_told(job: Job, site: Site) -> None:
    site.tree(1)
    job.write()
    (job.folder / "state/job").mkdir(parents=True)
    (job.folder / "state/job/crawl.sqlite").write_bytes(b"no database" * 1_000)

    ran = await job.run("--cron")

    assert ran.code == 5
    assert 0 < mailed(ran) <= MAIL


async def test_a_run_that_finds_no_room_in_memory_is_told(job: Job, site: Site) -> None:
    site.tree(1)
    job.write(run={"memory_limit": "8MiB"})

    ran = await job.run("--cron")

    assert ran.code == 6
    assert "memory_limit" in ran.err
    assert 0 < mailed(ran) <= MAIL


async def test_a_run_that_is_stopped_is_told(job: Job, site: Site) -> None:
    site.tree(2)
    held = site.hold("/leaf1")
    job.write()
    running = await job.start("--cron")
    await held.asked.wait()

    running.send(signal.SIGTERM)
    held.answer.set()
    ran = await running.end()

    assert ran.code == 143
    assert "--resume" in ran.err
    assert 0 < mailed(ran) <= MAIL


async def test_a_run_that_finds_another_going_on_says_nothing_and_is_on_record(
    job: Job, site: Site
) -> None:
    site.tree(1)
    held = site.hold("/leaf0")
    job.write()
    first = await job.start()
    await held.asked.wait()

    ran = await job.run("--cron")
    held.answer.set()

    assert (ran.code, ran.out, ran.err) == (75, b"", "")
    assert (await first.end()).code == 0
    assert "skipped" in standings(job)


def standings(job: Job) -> list[str]:
    with closing(sqlite3.connect(job.folder / "state/runs.sqlite")) as db:
        return [row[0] for row in db.execute("SELECT standing FROM start ORDER BY number")]


# When they begin


async def test_a_run_of_cron_is_late_by_its_jitter_and_logs_that(job: Job, site: Site) -> None:
    site.tree(1)
    job.write(schedule={"jitter": "400ms"})

    assert (await job.run("--cron")).code == 0
    assert "after its time (schedule.jitter)" in job.log()
    assert (await job.run()).code == 0
    assert "schedule.jitter" not in job.log()


async def test_a_run_that_waits_for_its_time_holds_no_lock_and_can_be_stopped(
    job: Job, site: Site
) -> None:
    site.tree(1)
    job.write(name="job7")
    waiting = await job.start("--cron", "--set", "schedule.jitter=100h")

    ran = await job.run()
    waiting.send(signal.SIGTERM)
    stopped = await waiting.end()

    assert ran.code == 0
    assert stopped.code == 143
    assert "nothing was fetched" in stopped.err


# Beside each other


async def test_a_run_waits_for_the_one_before_and_then_begins(job: Job, site: Site) -> None:
    paths = site.tree(1)
    held = site.hold("/leaf0")
    job.write(schedule={"overlap": "wait"})
    first = await job.start("--cron")
    await held.asked.wait()
    second = await job.start("--cron")
    third = await skipped_beside(job, second.pid)

    held.answer.set()

    assert (await first.end()).code == 0
    ran = await second.end()
    assert (ran.code, ran.err, third.err) == (0, "", "")
    assert "it waited" in job.log()
    assert sorted(job.paths()) == sorted(paths * 2)


async def skipped_beside(job: Job, waiting: int) -> Ran:
    """Start one more than one that waits, once that does."""
    note = job.folder / "state/job/lock.next"
    while not (note.exists() and str(waiting) in note.read_text()):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    ran = await job.run("--cron")
    assert ran.code == 75
    return ran


async def test_a_run_does_not_wait_for_ever(job: Job, site: Site) -> None:
    site.tree(1)
    held = site.hold("/leaf0")
    job.write(schedule={"overlap": "wait", "max_wait": "1s"})
    first = await job.start("--cron")
    await held.asked.wait()

    ran = await job.run("--cron")
    held.answer.set()

    assert (ran.code, ran.err) == (75, "")
    assert (await first.end()).code == 0


async def test_by_hand_nobody_is_waited_for_or_stopped(job: Job, site: Site) -> None:
    site.tree(1)
    held = site.hold("/leaf0")
    job.write(schedule={"overlap": "stop_old"})
    first = await job.start()
    await held.asked.wait()

    ran = await job.run()
    held.answer.set()

    assert ran.code == 75
    assert (await first.end()).code == 0


async def test_a_run_stops_the_one_before_and_goes_on_with_it(job: Job, site: Site) -> None:
    paths = site.tree(3)
    held = site.hold("/leaf1")
    job.write(schedule={"overlap": "stop_old"})
    first = await job.start("--cron")
    await held.asked.wait()
    second = await job.start("--cron")

    await first.said("stopping")
    held.answer.set()

    assert (await first.end()).code == 143
    ran = await second.end()
    assert (ran.code, ran.err) == (0, "")
    assert sorted(job.paths()) == sorted(paths)
    assert "was stopped for this one" in job.log()


# How long


async def test_a_run_pauses_when_its_time_is_over_and_the_next_goes_on(
    job: Job, site: Site
) -> None:
    paths = site.tree(12)
    output = [{"path": "data/all.jsonl", "mode": "replace"}]
    job.write(
        fetch={"per_host": {"delay": "250ms", "adaptive": False}}, output=output,
        schedule={"max_runtime": "2s"}, checks={"min_items": 13},
    )  # fmt: skip

    runs = [await job.run("--cron")]
    assert (runs[0].code, runs[0].err) == (0, "")
    assert job.summary()["reason"] == "paused"
    assert not (job.folder / "data/all.jsonl").exists()
    while job.summary()["reason"] == "paused":
        runs.append(await job.run("--cron"))

    assert len(runs) > 1
    assert all((one.code, one.err) == (0, "") for one in runs)
    assert sorted(job.paths("data/all.jsonl")) == sorted(paths)
    assert len(job.reports) == 1
    assert all(times == 1 for path, times in site.hits.items() if path in paths)


async def test_a_pause_says_how_to_go_on_at_once(job: Job, site: Site) -> None:
    site.tree(30)
    job.write(
        fetch={"per_host": {"delay": "250ms", "adaptive": False}}, schedule={"max_runtime": "1s"}
    )

    ran = await job.run()

    assert ran.code == 0
    assert "paused; state saved; go on with: " in ran.err


async def test_a_pause_needs_a_state_to_keep(job: Job, site: Site) -> None:
    job.write(run={"durability": "off"}, schedule={"max_runtime": "1s"})

    ran = await job.run()

    assert ran.code == 2
    assert "scope.max_runtime" in ran.err


# What was missed


async def test_a_missed_run_is_made_up_for_once(job: Job, site: Site) -> None:
    site.tree(1)
    job.write(schedule={"cron": "15 3 * * *", "catch_up": "once"})
    late = ("--cron", "--catch-up")
    assert (await job.run(*late)).code == 0
    assert job.untouched  # nobody knows since when it is installed
    assert (await job.run("--cron")).code == 0
    assert (await job.run(*late)).code == 0
    assert len(job.reports) == 1
    with closing(sqlite3.connect(job.folder / "state/runs.sqlite")) as db:
        db.execute("UPDATE start SET started = started - 86400 * 3")
        db.commit()

    for _ in range(2):
        ran = await job.run(*late)
        assert (ran.code, ran.err) == (0, "")

    assert len(job.reports) == 2


async def test_without_the_wish_nothing_is_made_up_for(job: Job, site: Site) -> None:
    site.tree(1)
    job.write(schedule={"cron": "* * * * *"})
    assert (await job.run("--cron")).code == 0

    assert (await job.run("--cron", "--catch-up")).code == 0
    assert len(job.reports) == 1


# What is kept


async def test_reports_of_old_runs_go_and_outputs_stay(job: Job, site: Site) -> None:
    site.tree(1)
    job.write(schedule={"keep": {"runs": 2}})

    ids = []
    for _ in range(3):
        assert (await job.run("--cron")).code == 0
        ids.append(json.loads((job.reports[-1] / "summary.json").read_text())["run"])

    assert [one.name for one in job.reports] == ids[1:]
    assert len(list((job.folder / "data/job").glob("*.jsonl"))) == 3


@pytest.mark.parametrize("mode", ["--fresh", "--resume"])
async def test_the_report_of_a_run_that_goes_on_is_kept(job: Job, site: Site, mode: str) -> None:
    site.tree(3)
    held = site.hold("/leaf1")
    job.write(schedule={"keep": {"runs": 1}})
    first = await job.start("--cron")
    await held.asked.wait()
    await first.kill()
    held.answer.set()

    assert (await job.run("--cron", mode)).code == 0
    assert len(job.reports) == 1
    assert job.summary()["reason"] == "finished"
