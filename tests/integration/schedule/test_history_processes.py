"""The history under processes that write at once, and that are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crawler.schedule.run_history import RunHistory

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow

WRITER = """
import sys
from pathlib import Path
from crawler.schedule.run_history import Counts, RunBegan, RunEnded, RunHistory

path, job, often = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
history = RunHistory(path)
counts = Counts(pages=1, items=1, failed=0)
number = 0
while number != often:
    number += 1
    began = RunBegan(job=job, started=float(number), pid=number, host="vm")
    record = history.began(began)
    history.named(record, f"{job}-{number}", path.parent, resumed=False)
    history.ended(record, RunEnded(ended=number + 0.5, exit=0, reason="finished", counts=counts))
    print(number, flush=True)
"""


async def start(path: Path, job: str, often: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(path), job, str(often),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_many_jobs_write_at_once_from_the_first_moment_on(tmp_path: Path) -> None:
    path = tmp_path / "state/runs.sqlite"
    jobs = [f"job{number}" for number in range(4)]
    writers = [await start(path, job, 25) for job in jobs]

    said = [await writer.communicate() for writer in writers]

    assert [writer.returncode for writer in writers] == [0] * 4, said
    history = RunHistory(path)
    assert history.jobs() == jobs
    for job in jobs:
        runs = history.recent(job, 100)
        assert [run.pid for run in runs] == list(range(25, 0, -1))
        assert all(run.good and run.counts for run in runs)


async def test_a_kill_in_the_midst_of_writing_loses_nothing_that_was_recorded(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state/runs.sqlite"
    other = await start(path, "other", 60)
    recorded = 0
    for _ in range(3):
        writer = await start(path, "books", -1)
        assert writer.stdout is not None
        for _ in range(5):
            assert await writer.stdout.readline()
            recorded += 1
        writer.send_signal(signal.SIGKILL)
        rest, _ = await writer.communicate()
        recorded += len(rest.splitlines())
    out, err = await other.communicate()

    assert other.returncode == 0, err
    assert len(out.splitlines()) == 60
    history = RunHistory(path, lambda _: False)
    runs = history.recent("books", 10_000)
    good = [run for run in runs if run.good]
    # At most one of each process was written and not yet said, or was cut off before its end.
    assert recorded <= len(good) <= recorded + 3
    assert {run.standing for run in runs} <= {"ended", "crashed"}
    assert len(history.recent("other", 100)) == 60
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
