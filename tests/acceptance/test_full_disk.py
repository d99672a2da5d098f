"""A disk that is full in the middle of a list of files: the run waits for room, and goes on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import ROOT, Job, Running, Site
from tests.acceptance.test_files import BACKENDS, check_whole, large, lines, put, write

COUNT, SIZE = 12, 300_000
#: A disk of its own for the files alone, which something else fills nearly.
SMALL = """
mount --make-rprivate / && mkdir -p images && mount -t tmpfs -o size=5m tmpfs images || exit 99
head -c 3500000 /dev/zero > images/filler
exec "$0" -m crawler job.yaml
"""


def _may_mount() -> bool:
    try:
        asked = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    except OSError:
        return False
    return os.geteuid() == 0 and asked.returncode == 0


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="no mount namespaces here")


async def started_on_small_disk(job: Job) -> tuple[Running, Path]:
    """Start a run; return it, and where its files are, as seen from here."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--mount", "/bin/sh", "-c", SMALL, sys.executable, cwd=job.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    return Running(process), Path(f"/proc/{process.pid}/root{job.folder}/images")


def put_files(job: Job, site: Site, backend: str, **files: Any) -> None:
    for number in range(COUNT):
        put(site, f"/{number}.png", large(number, SIZE), etag=f'"{number}"')
    write(job, *(f"/{number}.png" for number in range(COUNT)), backend=backend, files=files)


@needs_mounts
@BACKENDS
async def test_a_full_disk_pauses_the_run_which_goes_on_by_itself(
    job: Job, site: Site, backend: str
) -> None:
    put_files(job, site, backend)
    running, images = await started_on_small_disk(job)

    paused = await running.said("paused")
    held = sum(site.hits.values())
    assert "No space left on device" in paused or "files.min_free" in paused
    assert f"the disk at {job.folder}/images has 0." in paused
    assert held < COUNT
    (images / "filler").unlink()
    ended = await running.end()

    assert ended.code == 0, ended.err
    assert "going on: there is room again" in ended.err
    assert len(lines(job)) == COUNT
    assert {line["status"] for line in lines(job).values()} == {"stored"}
    assert job.summary()["books"]["balanced"]


@needs_mounts
async def test_a_run_that_has_waited_enough_for_room_ends_and_can_go_on(
    job: Job, site: Site
) -> None:
    put_files(job, site, "asyncio", max_pause="500ms")
    running, _ = await started_on_small_disk(job)

    ended = await running.end()
    then = await job.run()

    assert ended.code == 5, ended.err
    assert "no room on the disk for files.max_pause (0.5 s)" in ended.err
    assert "--resume" in ended.err
    assert then.code == 0, then.err
    assert {line["status"] for line in lines(job).values()} == {"stored"}
    check_whole(job)


@BACKENDS
async def test_a_disk_that_is_full_for_a_moment_costs_no_line(
    job: Job, site: Site, backend: str
) -> None:
    put_files(job, site, backend)

    ran = await job.run(env={"CRAWLER_FAILPOINT": "download.piece:5:enospc"})

    assert ran.code == 0, ran.err
    assert ran.err.count("\npaused:") == ran.err.count("\ngoing on:") == 1
    assert {line["status"] for line in lines(job).values()} == {"stored"}
    assert sum(site.hits[f"/{number}.png"] for number in range(COUNT)) == COUNT + 1
    check_whole(job)
