"""Transforms in process slots: what steps do, what harms them, and what a kill costs."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Job, Site

PAGES = 40

STEPS = """
import ctypes
import os
import time
import urllib.request


def step(item):
    number = int(item["title"].strip("/") or 0)
    if number == 3:
        ctypes.string_at(0)
    if number == 5:
        raise ValueError("no such luck")
    if number == 7:
        return None
    if number == 9:
        return [{**item, "half": 1}, {**item, "half": 2}]
    if number == 11:
        time.sleep(60)
    if number == 13:
        return {"set": object()}
    if number == 15:
        return {**item, "huge": "x" * (1 << 40)}
    if number == 17:
        os._exit(3)
    return {**item, "number": number}


def held(item):
    with urllib.request.urlopen(item["url"].rsplit("/", 1)[0] + "/held"):
        return item


def deadly(item):
    os._exit(1)


def tenfold(item):
    return [{**item, "half": number} for number in range(10)]


def odd_only(item):
    return item if int(item["title"].strip("/") or 0) % 2 else None


def pair(item, other):
    return item


def plain(item):
    return {**item, "seen": True}
"""


def pages(job: Job, site: Site, count: int = PAGES, **transform: Any) -> None:
    site.html("/", *(f"/{number}" for number in range(1, count)))
    for number in range(1, count):
        site.html(f"/{number}")
    (job.folder / "steps.py").write_text(STEPS)
    job.write(transform=transform)


def quarantine(job: Job, run: int = -1) -> dict[str, str]:
    lines = (job.reports[run] / "quarantine.jsonl").read_text().splitlines()
    return {line["data"]["title"]: line["reason"] for line in map(json.loads, lines)}


async def test_a_step_changes_drops_fans_out_or_fails_and_harms_nothing_else(
    job: Job, site: Site
) -> None:
    pages(job, site, workers=2, timeout="1s", steps=[{"python": "steps.py:step"}])

    ran = await job.run()

    assert ran.code == 0, ran.err
    broken = quarantine(job)
    assert broken.keys() == {"/3", "/5", "/11", "/13", "/15", "/17"}
    assert "SIGSEGV" in broken["/3"]
    assert "ValueError: no such luck" in broken["/5"]
    assert broken["/11"].startswith("timeout")
    assert "MemoryError" in broken["/15"]
    assert broken["/17"].startswith("died")
    titles = Counter(item["title"] for item in job.items())
    assert titles["/9"] == 2
    assert "/7" not in titles
    assert len(titles) == PAGES - len(broken) - 1
    ids = [item["_id"] for item in job.items()]
    assert len(ids) == len(set(ids))
    kind = job.summary()["items"]["Page"]
    assert kind == {
        **kind, "in": PAGES, "fanned": 1, "out": PAGES - 6, "dropped": 1, "quarantined": 6,
        "waiting": 0,
    }  # fmt: skip
    told = next(line for line in ran.err.splitlines() if line.startswith("  broken"))
    assert "6 items in quarantine; most by Page.transform.steps.0 (6): " in told
    assert "steps.py:step: " in told
    assert f", on {site.url('/')}" in told


@pytest.mark.parametrize("offload", ["auto", "always", "never"])
async def test_the_items_are_the_same_wherever_they_are_made(
    job: Job, site: Site, offload: str
) -> None:
    pages(job, site, 5, offload=offload, steps=[{"python": "steps.py:plain"}, {"simhash": "title"}])

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == ["/", "/1", "/2", "/3", "/4"]
    assert all(item["seen"] and len(item["simhash"]) == 16 for item in job.items())


@pytest.mark.parametrize("step", ["tenfold", "odd_only"])
@pytest.mark.parametrize("backend", ["asyncio", "threads"])
async def test_the_limit_of_items_counts_what_comes_out(
    job: Job, site: Site, step: str, backend: str
) -> None:
    pages(job, site, workers=1, steps=[{"python": f"steps.py:{step}"}])

    # One process, whatever ACCEPTANCE_WORKERS says: threads have no other.
    alone = ["--set", "run.workers=1"] if backend == "threads" else []
    ran = await job.run("--limit", "12", "--set", f"run.backend={backend}", *alone)

    assert ran.code == 0, ran.err
    assert len(job.items()) == 12
    assert job.summary()["reason"] == "limit"
    kind = job.summary()["items"]["Page"]
    assert kind["in"] + kind["fanned"] == 12 + kind["dropped"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("steps.py:stp", "did you mean 'step'?"),
        ("steps.py:pair", "cannot be called with one value: missing a required argument"),
        ("absent.py:step", "absent.py"),
        ("no_such_module:step", "there is no module no_such_module"),
    ],
)
async def test_a_function_that_is_not_there_ends_it_before_anything_is_fetched(
    job: Job, site: Site, name: str, says: str
) -> None:
    pages(job, site, 2, steps=[{"python": name}])

    ran = await job.run()

    assert ran.code == 2
    assert says in ran.err
    assert "job.yaml:" in ran.err
    assert not site.seen


async def test_a_kill_in_the_middle_of_transforms_loses_and_repeats_nothing(
    job: Job, site: Site
) -> None:
    pages(job, site, 12, workers=2, steps=[{"python": "steps.py:held"}])
    site.html("/held")
    held = site.hold("/held")
    for _ in range(2):
        running = await job.start()
        await held.asked.wait()
        held.asked.clear()
        await running.kill()
    held.answer.set()

    ran = await job.run()

    assert ran.code == 0, ran.err
    titles = Counter(item["title"] for item in job.items())
    assert titles == Counter(["/", *(f"/{number}" for number in range(1, 12))])


async def test_no_process_outlives_a_killed_parent_and_its_lock_is_free(
    job: Job, site: Site
) -> None:
    pages(job, site, 3, workers=2, steps=[{"python": "steps.py:held"}])
    site.html("/held")
    held = site.hold("/held")
    running = await job.start()
    await held.asked.wait()
    family = descendants(running.pid)

    os.kill(running.pid, signal.SIGKILL)
    held.answer.set()
    ran = await job.run()

    assert len(family) >= 3  # the server that forks, and two slots
    assert ran.code == 0, ran.err
    assert [pid for pid in family if alive(pid)] == []
    assert (await running.end()).code == -signal.SIGKILL


def descendants(pid: int) -> list[int]:
    """Return the processes below one, by their parents in /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
async def test_a_callback_offloads_and_hears_of_a_failure(
    job: Job, site: Site, backend: str
) -> None:
    site.html("/", "/a", "/b")
    site.html("/a")
    site.html("/b")
    job.spider(
        "import os\n"
        "from crawler import OffloadFailed\n"
        "def heavy(text):\n"
        "    if text == '/a':\n"
        "        raise ValueError('too heavy')\n"
        "    return {'pid': os.getpid()}\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def parse(self, response):\n"
        "        title = response.css('title::text').get()\n"
        "        try:\n"
        "            await self.offload(heavy, title)\n"
        "            done = await self.offload(heavy if title != '/b' else lambda x: x, title)\n"
        "        except OffloadFailed as error:\n"
        "            done = {'failed': error.kind, 'why': str(error)}\n"
        "        yield {'title': title, 'own': os.getpid(), **done}\n"
        "        for link in response.css('a'):\n"
        "            yield response.follow(link)\n",
        run={"backend": backend},
    )

    ran = await job.run()

    assert ran.code == 0, ran.err
    first, second, third = sorted(job.items(), key=lambda item: str(item["title"]))
    assert first["pid"] != first["own"]
    assert second["failed"] == "raised"
    assert "too heavy" in second["why"]
    assert third["failed"] == "not_importable"
    assert "<lambda> cannot be found by another process" in third["why"]


async def test_steps_that_kill_every_process_end_the_run_for_safety(job: Job, site: Site) -> None:
    pages(job, site, 12, workers=2, steps=[{"python": "steps.py:deadly"}])

    ran = await job.run()

    assert ran.code == 6
    assert "took its process along" in ran.err
    assert "--resume" in ran.err
