"""`crawler state export|import|forget`: what a job has learnt, from machine to machine."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.practice.covers import png_of

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Ran, Site


@pytest.fixture
def paths(site: Site) -> list[str]:
    return site.tree(3)


async def state(job: Job, *words: str) -> Ran:
    return await job.run("--", "state", *words)


def database(job: Job, base: str = ".") -> Path:
    return job.folder / base / "state/job/crawl.sqlite"


@pytest.mark.parametrize("name", ["job.jsonl", "job.jsonl.gz"])
async def test_a_job_goes_on_elsewhere_with_what_it_had_learnt(
    job: Job, paths: list[str], name: str
) -> None:
    job.write(incremental={})
    await job.run()

    exported = await state(job, "export", "job", "-o", name)
    imported = await state(job, "import", "job", name, "--dir", "elsewhere")
    again = await state(job, "import", "job", name, "--dir", "elsewhere")
    printed = await state(job, "export", "job.yaml", "--dir", "elsewhere")
    ran = await job.run("--dir", "elsewhere")

    assert (exported.code, imported.code, again.code, ran.code) == (0, 0, 2, 0)
    assert "job 'job' has a state already" in again.err
    raw = (job.folder / name).read_bytes()
    lines = (gzip.decompress(raw) if name.endswith(".gz") else raw).splitlines()
    assert printed.out.splitlines()[1:] == lines[1:]
    assert json.loads(lines[0])["job"] == "job"
    with closing(sqlite3.connect(database(job, "elsewhere"))) as db:
        settings = dict(db.execute("SELECT name, value FROM setting"))
    assert (settings["run_mode"], settings["run_no"]) == ("refresh", 2)


async def test_a_forgotten_page_is_met_as_if_for_the_first_time(
    job: Job, site: Site, paths: list[str]
) -> None:
    job.write(incremental={})
    await job.run()

    forgotten = await state(job, "forget", "job", site.url("/leaf1"), site.url("/never"))
    retried = await job.run("--", "retry", "job")
    ran = await job.run()

    assert (forgotten.code, ran.code) == (0, 0)
    assert "1 of 2 forgotten" in forgotten.err
    assert "balance" not in retried.err
    run = job.summary()["run"]
    assert sorted(job.paths(f"data/job/{run}.jsonl")) == sorted(paths)


async def test_all_is_forgotten_but_outputs_and_reports(job: Job, paths: list[str]) -> None:
    job.write(incremental={"bodies": {}})
    await job.run()
    bodies = database(job).with_name("bodies")
    kept = bodies.exists()

    unclear = await state(job, "forget", "job")
    done = await state(job, "forget", "job", "--all")

    assert (unclear.code, done.code) == (2, 0)
    assert kept
    assert [path.exists() for path in (database(job), bodies)] == [False, False]
    assert sorted(job.paths()) == sorted(paths)


async def test_what_is_known_of_files_is_moved_and_forgotten_with_the_rest(
    job: Job, site: Site
) -> None:
    for number in range(3):
        site.pages[f"/{number}.png"] = site.answer(
            png_of(80, 80, (number, 0, 0), "x"), 200, Content_Type="image/png"
        )
    urls = [site.url(f"/{number}.png") for number in range(3)]
    job.write(start=urls, files={"path": "pictures/{sha256}{ext}"})
    await job.run()

    await state(job, "export", "job", "-o", "moved.jsonl")
    imported = await state(job, "import", "job", "moved.jsonl", "--dir", "elsewhere")
    shutil.copytree(job.folder / "pictures", job.folder / "elsewhere/pictures")
    await job.run("--dir", "elsewhere")
    hits = dict(site.hits)
    forgotten = await state(job, "forget", "job", urls[1], "--dir", "elsewhere")
    await job.run("--dir", "elsewhere")

    assert (imported.code, forgotten.code) == (0, 0)
    assert [hits[f"/{number}.png"] for number in range(3)] == [1, 1, 1]
    assert [site.hits[f"/{number}.png"] for number in range(3)] == [1, 2, 1]
    assert "1 of 1 forgotten" in forgotten.err
    assert len(list((job.folder / "elsewhere/pictures").iterdir())) == 3


WORDS = (("export", "job"), ("import", "job", "x.jsonl"), ("forget", "job", "http://a.example/"))


@pytest.mark.parametrize("words", WORDS)
async def test_a_run_that_goes_on_has_its_state_to_itself(
    job: Job, site: Site, paths: list[str], words: tuple[str, ...]
) -> None:
    (job.folder / "x.jsonl").touch()
    held = site.hold("/leaf1")
    job.write()
    running = await job.start()
    await held.asked.wait()

    refused = await state(job, *words)
    held.answer.set()

    assert refused.code == 75
    assert (await running.end()).code == 0


@pytest.mark.parametrize("words", [WORDS[0], WORDS[2], ("forget", "job", "--all")])
async def test_the_state_of_an_interrupted_run_is_left_alone(
    job: Job, site: Site, paths: list[str], words: tuple[str, ...]
) -> None:
    held = site.hold("/leaf1")
    job.write()
    running = await job.start()
    await held.asked.wait()
    await running.kill()
    held.answer.set()

    refused = await state(job, *words)
    ran = await job.run()

    assert (refused.code, ran.code) == (2, 0)
    assert "was interrupted; let it come to its end first" in refused.err
    assert sorted(job.paths()) == sorted(paths)


@pytest.mark.parametrize("words", [WORDS[0], WORDS[2], ("forget", "job", "--all")])
async def test_a_state_of_a_newer_version_is_exit_5_and_left_as_it_is(
    job: Job, paths: list[str], words: tuple[str, ...]
) -> None:
    job.write()
    await job.run()
    with closing(sqlite3.connect(database(job))) as db:
        db.execute("PRAGMA user_version=999")
    before = database(job).read_bytes()

    refused = await state(job, *words)

    assert refused.code == 5
    assert "was written by a newer version (state version 999, this program knows" in refused.err
    assert database(job).read_bytes() == before


async def test_an_export_of_a_newer_version_is_exit_5(job: Job, paths: list[str]) -> None:
    job.write()
    await job.run()
    await state(job, "export", "job", "-o", "x.jsonl")
    text = (job.folder / "x.jsonl").read_text()
    (job.folder / "x.jsonl").write_text(text.replace('"version":', '"version":9', 1))
    shutil.rmtree(job.folder / "state")

    refused = await state(job, "import", "job", "x.jsonl")
    missing = await state(job, "import", "job", "nowhere.jsonl")

    assert (refused.code, missing.code) == (5, 5)
    assert "x.jsonl was written by a newer version" in refused.err
    assert not (job.folder / "state/job").exists()
