"""`crawler runs`, `show` and `diff`: what past runs were, and how they differ."""

from __future__ import annotations

import json
import shutil
from typing import Any

from tests.acceptance.conftest import Job, Ran, Site


def objects(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    return ran.lines


async def test_what_runs_says_the_morning_after_a_kill_and_how_the_next_run_goes_on(
    job: Job, site: Site
) -> None:
    site.tree(3)
    held = site.hold("/leaf1")
    job.write()
    night = await job.start("--cron")
    await held.asked.wait()
    skipped = await job.run()
    going = objects(await job.run("--", "runs", "job", "--json"))
    await night.kill()
    held.answer.set()

    morning = await job.run("--", "runs")
    (only,) = objects(await job.run("--", "runs", "--failed", "--json"))

    run = job.reports[0].name
    assert skipped.code == 75
    assert [(one["state"], one["exit"]) for one in going] == [("skipped", 75), ("running", None)]
    head, first, second, onward = morning.out.decode().splitlines()
    assert head.split()[:3] == ["STARTED", "JOB", "RUN"]
    assert "skipped (75)" in first
    assert f"pid {night.pid}" in first
    assert run in second
    assert "crashed" in second
    assert "← look here  the process vanished: killed, or out of memory" in second
    assert onward.startswith("    the next run goes on with it; at once: ")
    assert onward.endswith("job.yaml --resume")
    assert (only["run"], only["state"], only["resumable"]) == (run, "crashed", True)


async def test_the_run_after_a_kill_goes_on_with_it_and_is_one_line_with_it(
    job: Job, site: Site
) -> None:
    site.tree(3)
    held = site.hold("/leaf1")
    job.write()
    night = await job.start("--cron")
    await held.asked.wait()
    await night.kill()
    held.answer.set()

    again = await job.run("--cron")
    listed = await job.run("--", "runs", "job")
    shown = await job.run("--", "show", "job")

    assert (again.code, again.err) == (0, "")
    _, line = listed.out.decode().splitlines()
    assert job.reports[0].name in line
    assert " ok " in line
    assert "crashed; then it went on" in line
    assert "look here" not in line
    assert shown.out.decode().count("\n  start   ") == 2


async def test_diff_says_what_came_and_went(job: Job, site: Site) -> None:
    fields = {"name": {"css": "title::text"}, "price": {"css": "b::text"}}
    rules = {
        "schemas": {"Leaf": {"name": {"type": "str", "key": True}, "price": {"type": "str"}}},
        "extract": [{"item": "Leaf", "url": "/leaf*", "fields": fields}],
        "checks": {"max_failed": "90%"},
    }
    site.html("/", "/leaf0", "/leaf1", "/leaf2", "/leaf3")
    for number in range(4):
        site.html(f"/leaf{number}", body=f"<b>{number}</b>")
    job.write(**rules)
    await job.run()
    site.html("/", "/leaf1", "/leaf2", "/leaf3", "/leaf4")
    site.html("/leaf1", body="<b>changed</b>")
    site.pages["/leaf3"] = site.answer("", 404)
    site.html("/leaf4", body="<b>4</b>")
    await job.run()
    old, new = (report.name for report in job.reports)

    said = await job.run("--", "diff", old, new)
    short = await job.run("--", "diff", "job")
    found = json.loads((await job.run("--", "diff", old, new, "--json")).out)
    urls = await job.run("--", "diff", old, new, "--urls")
    items = objects(await job.run("--", "diff", old, new, "--items", "--json"))

    text = said.out.decode()
    assert said.code == 0
    assert said.out == short.out
    told = [" ".join(line.split()) for line in text.splitlines()]
    assert "HTTP 404 none → 1" in told
    assert "pages ok 5 → 4 -20%" in told
    assert "items Leaf 4 → 3 -25% ← look here" in told
    assert found["urls"] == {
        "come": 1, "gone": 1, "changed": 1, "same": 3, "unknown": None,
        "examples": {
            "come": [site.url("/leaf4")], "gone": [site.url("/leaf0")],
            "changed": [site.url("/leaf3")],
        },
    }  # fmt: skip
    assert sorted(urls.out.decode().splitlines()) == [
        f"+ {site.url('/leaf4')}", f"- {site.url('/leaf0')}", f"~ {site.url('/leaf3')}",
    ]  # fmt: skip
    assert {(one["what"], one["item"]) for one in items} == {
        ("gone", "name /leaf0"), ("gone", "name /leaf3"), ("come", "name /leaf4"),
        ("changed", "name /leaf1"),
    }  # fmt: skip


async def test_items_without_a_key_are_known_by_their_page_and_place(job: Job, site: Site) -> None:
    entry = {"item": "Line", "each": "p", "fields": {"text": {"css": "p::text"}}}
    job.write(extract=[entry], output=[{"path": "data/{run_id}.csv.gz"}])
    site.html("/", body="<p>a</p><p>b</p>")
    await job.run()
    site.html("/", body="<p>a</p><p>c</p><p>d</p>")
    await job.run()

    found = objects(await job.run("--", "diff", "job", "--items", "--json"))

    assert [(one["what"], one["item"]) for one in found] == [
        ("changed", f"{site.url('/')} #2"), ("come", f"{site.url('/')} #3"),
    ]  # fmt: skip


async def test_diff_says_what_it_cannot_know(job: Job, site: Site) -> None:
    site.tree(1)
    job.write(output=[{"path": "all.jsonl", "mode": "append"}])
    alone = await job.run("--", "diff", "job")
    await job.run()
    once = await job.run("--", "diff", "job")
    await job.run()

    both = await job.run("--", "diff", "job")
    (job.reports[0] / "urls.jsonl.gz").unlink()
    without = await job.run("--", "diff", "job")
    listed = await job.run("--", "diff", "job", "--urls")

    assert (alone.code, once.code) == (2, 2)
    assert "has no report of a run before" in once.err
    assert "which no longer says what is of which" in both.out.decode()
    assert without.code == 0
    assert "urls   not known: " in without.out.decode()
    assert listed.code == 5


async def test_a_run_whose_report_is_gone_is_shown_out_of_the_history(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()
    await job.run()
    await job.run()
    old = job.reports[0]
    shutil.rmtree(old)

    shown = await job.run("--", "show", old.name)
    listed = objects(await job.run("--", "runs", "job", "-n", "5", "--json"))
    begun = await job.run("--", "show", job.reports[0].name[:-2])

    assert shown.code == 0
    assert "3 pages, 3 items" in shown.out.decode()
    assert "its report is gone" in shown.out.decode()
    assert [one["items_change"] for one in listed] == [0, None]
    assert begun.code == 0


async def test_a_job_that_nobody_ran_is_an_error_with_a_hint(job: Job, site: Site) -> None:
    empty = await job.run("--", "runs")
    site.tree(1)
    job.write()
    await job.run()

    unknown = await job.run("--", "runs", "jib")
    by_config = await job.run("--", "runs", "job.yaml")

    assert (empty.code, unknown.code, by_config.code) == (0, 2, 0)
    assert "no run is on record" in empty.out.decode()
    assert "did you mean 'job'?" in unknown.err
    assert by_config.out.decode().count("\n") == 2


async def test_a_damaged_history_is_named_by_runs_and_left_alone(job: Job, site: Site) -> None:
    site.tree(1)
    job.write()
    await job.run()
    history = job.folder / "state/runs.sqlite"
    history.write_bytes(b"no database" * 1_000)

    listed = await job.run("--", "runs")
    shown = await job.run("--", "show", "job")

    assert listed.code == 5
    assert "runs.sqlite" in listed.err
    assert shown.code == 0
