"""The history: every start of a job is on record, whatever became of it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from crawler.app.job.history import history_of
from crawler.schedule.run_history import PastRun, RunBegan
from tests.acceptance.conftest import Job, Site


def starts(job: Job) -> list[PastRun]:
    return history_of(job.folder).recent("job", 100)


async def test_a_run_is_on_record_with_what_it_gave(job: Job, site: Site) -> None:
    site.tree(3)
    site.pages["/leaf2"] = site.answer("", 500)
    job.write(checks={"max_failed": "90%"})

    await job.run("--cron")

    (run,) = starts(job)
    assert (run.standing, run.exit, run.trigger, run.resumed) == ("ended", 0, "cron", False)
    assert run.run == job.reports[0].name
    assert run.summary is not None
    summary = json.loads(run.summary.read_bytes())
    assert run.counts is not None
    assert run.counts.pages == summary["books"]["done"] == 3
    assert (run.counts.items, run.counts.failed) == (3, 1)
    assert run.config == str(job.file)


async def test_a_run_that_is_killed_reads_as_crashed_and_the_next_one_goes_on_with_it(
    job: Job, site: Site
) -> None:
    site.tree(3)
    held = site.hold("/leaf1")
    job.write()
    first = await job.start()
    await held.asked.wait()
    (going,) = starts(job)
    await first.kill()
    (crashed,) = starts(job)
    # One that was turned away in between hides nothing.
    turned_away = RunBegan(job="job", started=crashed.started, pid=1, host="vm")
    history_of(job.folder).skipped(turned_away, "the first holds the lock")
    held.answer.set()

    ran = await job.run()

    second, _, first_start = starts(job)
    assert (going.standing, going.pid) == ("running", first.pid)
    assert (crashed.standing, crashed.reason, crashed.ended) == ("crashed", "killed", None)
    assert ran.code == 0
    assert (second.standing, second.exit, second.resumed) == ("ended", 0, True)
    assert second.run == first_start.run == job.reports[0].name
    assert first_start.standing == "crashed"
    assert first_start.counts is not None
    assert first_start.ended is not None
    assert first_start.started <= first_start.ended <= second.started


async def test_a_start_by_hand_while_cron_runs_it_is_on_record_as_skipped(
    job: Job, site: Site
) -> None:
    site.tree(1)
    held = site.hold("/leaf0")
    job.write()
    first = await job.start("--cron")
    await held.asked.wait()

    by_hand = await job.run()
    held.answer.set()
    by_cron = await first.end()

    assert (by_hand.code, by_cron.code) == (75, 0)
    skipped, run = starts(job)
    assert (skipped.standing, skipped.exit, skipped.trigger) == ("skipped", 75, "hand")
    assert f"pid {first.pid}" in skipped.why
    assert (run.standing, run.trigger) == ("ended", "cron")


async def test_a_config_that_cannot_be_run_is_on_record_once_there_is_a_history(
    job: Job, site: Site
) -> None:
    site.tree(1)
    job.write()
    first = await job.run("--resume")
    untouched = job.untouched
    await job.run()
    job.write(scope={"max_depht": 3})

    broken = await job.run()

    assert (first.code, untouched, broken.code) == (2, True, 2)
    refused, run = starts(job)
    assert (refused.standing, refused.exit) == ("refused", 2)
    assert "max_depht" in refused.why
    assert run.good


async def test_a_config_that_cron_cannot_run_is_on_record_the_first_time(
    job: Job, site: Site
) -> None:
    job.write(scope={"max_depht": 3})

    broken = await job.run("--cron")

    assert broken.code == 2
    assert [run.standing for run in starts(job)] == ["refused"]


async def test_an_interrupted_run_is_on_record_with_its_signal(job: Job, site: Site) -> None:
    site.tree(2)
    held = site.hold("/leaf0")
    job.write()
    running = await job.start()
    await held.asked.wait()
    running.send(signal.SIGTERM)
    await running.said("stopping")
    held.answer.set()
    await running.end()

    (run,) = starts(job)
    assert (run.standing, run.exit, run.reason) == ("ended", 143, "SIGTERM")
    assert run.counts is not None


async def test_a_run_that_is_made_to_quit_at_once_is_on_record_with_its_signal(
    job: Job, site: Site
) -> None:
    site.html("/")
    job.spider(
        "import time\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        print('parses', flush=True)\n"
        "        time.sleep(600)\n"
    )
    running = await job.start()
    assert running._process.stdout is not None
    await running._process.stdout.readline()

    await job.run("--", "stop", "job", "--now")
    stopped = await running.end()

    (run,) = starts(job)
    assert stopped.code == 143
    assert "quit at once" in stopped.err
    assert (run.standing, run.exit, run.reason) == ("ended", 143, "quit")


async def test_an_error_is_on_record_with_its_exit_code(job: Job, site: Site) -> None:
    site.tree(1)
    job.write()
    state = job.folder / "state/job"
    state.mkdir(parents=True)
    (state / "crawl.sqlite").write_bytes(b"no database" * 1_000)

    ran = await job.run()

    (run,) = starts(job)
    assert ran.code == run.exit == 5
    assert "crawl.sqlite" in run.why


async def test_a_run_goes_on_without_its_history_and_says_so_in_a_line(
    job: Job, site: Site
) -> None:
    paths = site.tree(2)
    job.write()
    history = job.folder / "state/runs.sqlite"
    history.parent.mkdir()
    history.write_bytes(b"no database" * 1_000)

    ran = await job.run("--cron")

    assert ran.code == 0
    assert sorted(job.paths()) == sorted(paths)
    (line,) = ran.err.splitlines()
    assert line.startswith("this run is not in the history: ")
    assert "runs.sqlite" in line
    assert "move it away" in line


async def test_jobs_that_begin_at_once_are_all_on_record(job: Job, site: Site) -> None:
    site.tree(1)
    names = [f"job{number}" for number in range(4)]
    running = []
    for name in names:
        job.file = job.folder / f"{name}.yaml"
        job.write(name=name)
        running.append(await job.start())

    ran = [await one.end() for one in running]

    history = history_of(Path(job.folder))
    assert [one.code for one in ran] == [0] * 4
    assert [history.recent(name, 9)[0].exit for name in names] == [0] * 4
