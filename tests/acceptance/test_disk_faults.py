"""A disk that is full, gone or not ours to write: words, exit 5, and the next run goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT, Job, Ran, Running, Site

LEAVES = 30
#: Runs a command under a limit: `-c LIMITED NAME NUMBER WORDS...`.
LIMITED = """
import os, resource, sys
limit = int(sys.argv[2])
resource.setrlimit(getattr(resource, sys.argv[1]), (limit, limit))
os.execv(sys.executable, [sys.executable, *sys.argv[3:]])
"""
BIG = """
class S(Spider):
    name = "s"
    def parse(self, response):
        yield {"title": response.css("title::text").get(), "big": "x" * 30_000}
        yield from response.follow_all(css="a")
"""


async def run_limited(job: Job, name: str, number: int) -> Ran:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LIMITED, name, str(number), "-m", "crawler", job.file.name,
        cwd=job.folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    return await Running(process).end()


async def run_in_shell(job: Job, redirection: str) -> int:
    """Run with standard files as a shell sets them up; returns the exit code."""
    command = f'exec "$0" -m crawler {job.file.name} {redirection}'
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, sys.executable, cwd=job.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await asyncio.wait_for(process.wait(), 30)


@pytest.fixture
def paths(site: Site) -> list[str]:
    return site.tree(LEAVES)


@pytest.mark.parametrize("output", ["data/out.jsonl", "data/out.csv", "data/out.jsonl.gz"])
async def test_an_output_without_room_ends_the_run_and_the_next_one_goes_on(
    job: Job, paths: list[str], output: str
) -> None:
    job.spider(BIG, output=[{"path": output}])

    full = await run_limited(job, "RLIMIT_FSIZE", 400_000)
    then = await job.run()

    assert (full.code, then.code) == (5, 0)
    assert "cannot write" in full.err
    assert "File too large" in full.err
    assert "--resume" in full.err
    assert job.summary()["resumed"]
    assert sum(kind["out"] for kind in job.summary()["items"].values()) == len(paths)
    if output == "data/out.jsonl":
        assert sorted(job.paths(output)) == sorted(paths)


async def test_state_without_room_ends_the_run_and_the_next_one_goes_on(
    job: Job, site: Site
) -> None:
    leaves = [f"/{number}-{'x' * 200}" for number in range(2_000)]
    site.html("/", *leaves)
    job.write(scope={"max_depth": 1, "max_pages": 20})

    full = await run_limited(job, "RLIMIT_FSIZE", 300_000)
    then = await job.run()

    assert (full.code, then.code) == (5, 0)
    assert "crawl.sqlite" in full.err
    assert "as of the last commit" in full.err
    assert job.summary()["books"]["known"] == len(leaves) + 1


@pytest.mark.parametrize("folder", ["state", "data", "reports"])
async def test_what_cannot_be_made_is_said_before_anything_is_fetched(
    job: Job, site: Site, paths: list[str], folder: str
) -> None:
    job.write()
    (job.folder / folder).write_text("in the way")

    refused = await job.run()
    (job.folder / folder).unlink()
    then = await job.run()

    assert (refused.code, then.code) == (5, 0)
    assert folder in refused.err
    assert site.hits["/"] == 1
    assert sorted(job.paths()) == sorted(paths)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("folder", ["state", "data", "reports"])
async def test_a_folder_that_is_not_ours_to_write_is_named(
    job: Job, site: Site, paths: list[str], folder: str
) -> None:
    job.write()
    (job.folder / folder).mkdir(mode=0o555)

    refused = await job.run()

    assert refused.code == 5
    assert "Permission denied" in refused.err
    assert not site.hits


async def test_few_open_files_are_too_few_before_anything_is_fetched(
    job: Job, site: Site, paths: list[str]
) -> None:
    job.write()

    refused = await run_limited(job, "RLIMIT_NOFILE", 40)

    assert refused.code == 2
    assert "ulimit -n" in refused.err
    assert not site.hits


@pytest.mark.parametrize("what", ["data", "data/job"])
async def test_outputs_that_are_deleted_meanwhile_are_missed(
    job: Job, site: Site, paths: list[str], what: str
) -> None:
    held = site.hold("/leaf7")
    job.write()
    running = await job.start()
    await held.asked.wait()
    shutil.rmtree(job.folder / what)
    held.answer.set()

    ended = await running.end()
    again, fresh = await job.run(), await job.run("--fresh")

    assert (ended.code, again.code, fresh.code) == (5, 5, 0)
    assert "deleted or moved away" in ended.err
    assert "--fresh" in again.err
    assert sorted(job.paths()) == sorted(paths)


async def test_an_output_that_is_moved_meanwhile_is_missed_and_may_be_put_back(
    job: Job, site: Site, paths: list[str]
) -> None:
    held = site.hold("/leaf7")
    job.write(output=[{"path": "out.jsonl"}])
    running = await job.start()
    await held.asked.wait()
    output, aside = job.folder / "out.jsonl", job.folder / "aside"
    output.rename(aside)
    held.answer.set()
    ended = await running.end()
    aside.rename(output)

    then = await job.run()

    assert (ended.code, then.code) == (5, 0)
    assert sorted(job.paths("out.jsonl")) == sorted(paths)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def replaced(path: Path) -> None:
    path.write_text("a diary\n" * 500)


def of_tomorrow(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=99")


def overwritten_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : len(data) // 2] = b"\xa5" * (len(data) // 2 - 4096)
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [cut_in_half, replaced, of_tomorrow, overwritten_inside])
async def test_a_state_that_cannot_be_used_is_left_as_it_is_until_told_to_forget(
    job: Job, paths: list[str], harm: object
) -> None:
    assert callable(harm)
    job.write()
    await job.run()
    state = job.folder / "state/job/crawl.sqlite"
    harm(state)
    before = state.read_bytes()

    refused = await job.run()
    after = state.read_bytes()
    forgot = await job.run("--forget")

    assert (refused.code, forgot.code) == (5, 0)
    assert "crawl.sqlite" in refused.err
    assert after == before
    assert len(job.items()) == 2 * len(paths)


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2>/dev/null 1>&-"])
async def test_a_run_needs_no_standard_files(job: Job, paths: list[str], stderr: str) -> None:
    job.write()

    code = await run_in_shell(job, stderr)

    assert code == 0
    assert sorted(job.paths()) == sorted(paths)


async def test_items_that_standard_output_has_no_room_for_end_the_run(
    job: Job, paths: list[str]
) -> None:
    job.write()

    assert await run_in_shell(job, "-o - >/dev/full 2>said") == 5

    said = (job.folder / "said").read_text()
    assert "standard output" in said
    assert "Traceback" not in said
