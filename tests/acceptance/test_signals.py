"""Signals at moments that are easily forgotten: before, after, suspended, without a terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from crawler.fail_points import VARIABLE
from tests.acceptance.conftest import ROOT, Running

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

BACKENDS = ("asyncio", "threads")


def the_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_run_that_is_suspended_goes_on(job: Job, site: Site, backend: str) -> None:
    paths = site.tree(6)
    held = site.hold("/leaf2")
    job.write(run={"backend": backend})
    # In our session, for Ctrl-Z does nothing to a group that nobody could wake up again.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", job.file.name, cwd=job.folder, env=the_environment(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, process_group=0,
    )  # fmt: skip
    running = Running(process)
    await held.asked.wait()

    running.send(signal.SIGTSTP)
    await asyncio.to_thread(os.waitid, os.P_PID, running.pid, os.WSTOPPED | os.WNOWAIT)
    held.answer.set()
    running.send(signal.SIGCONT)
    ran = await running.end()

    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == sorted(paths)


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_run_whose_terminal_is_closed_saves_its_state(
    job: Job, site: Site, backend: str
) -> None:
    paths = site.tree(6)
    held = site.hold("/leaf2")
    job.write(run={"backend": backend})
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", job.file.name, cwd=job.folder, env=the_environment(),
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    await held.asked.wait()

    os.close(master)
    held.answer.set()
    code = await asyncio.wait_for(process.wait(), 30)
    ran = await job.run()

    assert (code, ran.code) == (143, 0), ran.err
    assert "goes on" in ran.err
    assert sorted(job.paths()) == sorted(paths)


@pytest.mark.parametrize("point", ["recover.before", "output.cut.before", "again.after"])
async def test_a_signal_during_recovery_leaves_all_of_it_to_the_next_start(
    job: Job, site: Site, point: str
) -> None:
    paths = site.tree(6)
    held = site.hold("/leaf3")
    job.write()
    killed = await job.start()
    await held.asked.wait()
    await killed.kill()
    held.answer.set()
    (data,) = (job.folder / "data/job").glob("*.jsonl")
    with data.open("ab") as file:
        file.write(b'{"half')

    stopped = await job.run(env={VARIABLE: f"{point}:1:term"})
    ran = await job.run()

    assert (stopped.code, ran.code) == (143, 0), stopped.err
    assert sorted(job.paths()) == sorted(paths)


@pytest.mark.parametrize(
    "point",
    ["finish.before", "ledger.before", "ledger.rename.after", "end.before", "settle.before"],
)
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_signal_once_the_crawl_is_over_tears_nothing(
    job: Job, site: Site, backend: str, point: str
) -> None:
    paths = site.tree(3)
    outputs = [{"path": "out.jsonl"}, {"path": "out.csv"}]
    job.write(run={"backend": backend}, output=outputs)

    ran = await job.run(env={VARIABLE: f"{point}:1:term"})

    assert ran.code == 0, ran.err
    assert sorted(job.paths("out.jsonl")) == sorted(paths)
    assert len((job.folder / "out.csv").read_text().splitlines()) == 1 + len(paths)
    assert job.summary()["exit"] == 0


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_signal_while_a_slot_is_busy_ends_in_time_and_its_item_is_not_lost(
    job: Job, site: Site, backend: str
) -> None:
    paths = site.tree(3)
    site.html("/busy")
    busy = site.hold("/busy")
    (job.folder / "steps.py").write_text(
        "import urllib.request\n"
        "def step(item):\n"
        f"    urllib.request.urlopen({site.url('/busy')!r}).read()\n"
        "    return item\n"
    )
    steps = {"steps": [{"python": "steps.py:step"}], "workers": 1, "timeout": "10m"}
    job.write(run={"backend": backend}, transform=steps)
    running = await job.start()
    await busy.asked.wait()

    running.send(signal.SIGTERM)
    stopped = await running.end()
    busy.answer.set()
    ran = await job.run()

    assert (stopped.code, ran.code) == (143, 0), stopped.err
    assert sorted(job.paths()) == sorted(paths)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_before_the_crawl_begins_has_words_and_a_code(
    job: Job, site: Site, backend: str, number: signal.Signals, code: int
) -> None:
    site.html("/")
    job.spider(
        "import time\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def __init__(self, *given, **named):\n"
        "        super().__init__(*given, **named)\n"
        "        print('makes itself', flush=True)\n"
        "        time.sleep(600)\n",
        run={"backend": backend},
    )
    running = await job.start()
    assert running._process.stdout is not None
    await running._process.stdout.readline()

    running.send(number)
    ran = await running.end()

    assert ran.code == code, ran.err
    assert "interrupted" in ran.err or "nothing was fetched" in ran.err
    assert not site.hits


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("wait", ["await asyncio.sleep(0.5)", "time.sleep(0.5)"])
async def test_one_signal_while_closed_runs_changes_nothing(
    job: Job, site: Site, backend: str, wait: str
) -> None:
    site.html("/")
    job.spider(
        "import asyncio, time\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def closed(self, reason):\n"
        "        print('closes', flush=True)\n"
        f"        {wait}\n"
        "    def parse(self, response): yield {'title': '/'}\n",
        run={"backend": backend},
    )
    running = await job.start()
    assert running._process.stdout is not None
    await running._process.stdout.readline()

    running.send(signal.SIGINT)
    ran = await running.end()

    assert ran.code == 0, ran.err
    assert job.paths() == ["/"]
