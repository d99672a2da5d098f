"""status, pause, resume, stop from another terminal; clients that misbehave; signals."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Held, Job, Ran, Site

BACKENDS = ("asyncio", "threads")


@pytest.fixture
def paths(site: Site) -> list[str]:
    return site.tree(6)


@pytest.fixture
def held(site: Site, paths: list[str]) -> Held:
    return site.hold("/leaf2")


async def ask(job: Job, *words: str) -> Ran:
    return await job.run("--", *words)


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_run_is_looked_at_paused_resumed_and_stopped(
    job: Job, held: Held, paths: list[str], backend: str
) -> None:
    job.write(run={"backend": backend})
    running = await job.start()
    await held.asked.wait()

    status = await ask(job, "status", "job", "--json")
    text = await ask(job, "status", "job.yaml")
    paused = await ask(job, "pause", "job")
    seen = json.loads((await ask(job, "status", "job", "--json")).out)
    resumed = await ask(job, "resume", "job")
    stopping = await job.start("--", "stop", "job")
    await stopping.said("finishes what is in flight")
    held.answer.set()
    stopped, ran = await stopping.end(), await running.end()
    after = await ask(job, "status", "job")
    again = await job.run()

    said = json.loads(status.out)
    assert (said["state"], said["pid"], seen["state"]) == ("running", running.pid, "paused")
    assert said["in_flight"]["oldest"][0]["url"].endswith("/leaf2")
    assert b"/leaf2" in text.out
    assert b"is paused" in paused.out
    assert b"goes on" in resumed.out
    assert (stopped.code, ran.code) == (0, 143)
    assert b"exit 143" in stopped.out
    assert b"--resume" in stopped.out
    assert "paused" in ran.err
    assert b"was interrupted" in after.out
    assert job.summary()["exit"] == 0
    assert again.code == 0
    assert sorted(job.paths()) == sorted(paths)


async def test_stop_now_gives_up_what_is_in_flight(job: Job, held: Held, paths: list[str]) -> None:
    job.write()
    running = await job.start()
    await held.asked.wait()

    stopped, ran = await ask(job, "stop", "job", "--now"), await running.end()
    held.answer.set()
    again = await job.run()

    assert (stopped.code, ran.code, again.code) == (0, 143, 0)
    assert sorted(job.paths()) == sorted(paths)


@pytest.mark.parametrize("command", ["status", "pause", "resume", "stop"])
async def test_a_name_that_no_job_has_is_refused_with_the_one_that_was_meant(
    job: Job, site: Site, command: str
) -> None:
    site.html("/")
    job.write()
    await job.run()

    wrong, idle = await ask(job, command, "jobb"), await ask(job, command, "job")

    assert wrong.code == 2
    assert "did you mean 'job'" in wrong.err
    assert idle.code == (0 if command == "status" else 2)


async def test_clients_that_misbehave_do_a_run_no_harm(
    job: Job, held: Held, paths: list[str]
) -> None:
    job.write()
    running = await job.start()
    await held.asked.wait()
    path = job.folder / "state/job/control"
    mode = stat.S_IMODE(path.stat().st_mode)

    for junk in (b"", b"\n", b"\xff" * 9_000, b"[" * 4_000 + b"\n", b'{"do": 1}\n', b"null\n"):
        await poke(path, junk)
    hanging = [socket.socket(socket.AF_UNIX) for _ in range(200)]
    for one in hanging:
        one.setblocking(False)
        one.connect_ex(str(path))
    held.answer.set()
    ran = await running.end()
    for one in hanging:
        one.close()

    assert mode == 0o600
    assert ran.code == 0
    assert sorted(job.paths()) == sorted(paths)
    assert not path.exists()


async def poke(path: Path, junk: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(junk)
    if junk:
        writer.write_eof()
        await reader.read()
    writer.close()


def crowd(path: Path, clients: list[socket.socket]) -> None:
    """Connect clients that say nothing and do not go away; each waits until there is room."""
    for client in clients:
        client.connect(str(path))


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_thousand_clients_at_once_do_not_hold_up_a_run(
    job: Job, site: Site, backend: str
) -> None:
    paths = site.tree(40)
    held = site.hold("/leaf2")
    job.write(run={"backend": backend})
    running = await job.start()
    await held.asked.wait()

    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(1_000)]
        await asyncio.to_thread(crowd, job.folder / "state/job/control", clients)
        held.answer.set()
        ran = await running.end()

    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == sorted(paths)
    assert job.summary()["peak_rss_bytes"] < 300 << 20


async def test_the_socket_of_a_killed_run_is_in_nobodys_way(
    job: Job, held: Held, paths: list[str]
) -> None:
    job.write()
    running = await job.start()
    await held.asked.wait()
    await running.kill()
    held.answer.set()
    left = (job.folder / "state/job/control").exists()

    status = await ask(job, "status", "job")
    ran = await job.run()

    assert left
    assert b"no run of job goes on" in status.out
    assert ran.code == 0
    assert not (job.folder / "state/job/control").exists()


async def test_a_long_path_has_its_socket_elsewhere(job: Job, site: Site, paths: list[str]) -> None:
    held = site.hold("/leaf1")
    job.write()
    base = "d" * 120
    running = await job.start("--dir", base)
    await held.asked.wait()

    noted = json.loads((job.folder / base / "state/job/lock").read_text())
    status = await ask(job, "status", "job", "--dir", base)
    held.answer.set()
    ran = await running.end()

    assert len(os.fsencode(noted["socket"])) <= 100
    assert b"running" in status.out
    assert ran.code == 0
    assert gone(noted["socket"])


def gone(path: str) -> bool:
    return not Path(path).exists()


async def test_two_signals_at_once_are_one(job: Job, held: Held, paths: list[str]) -> None:
    job.write()
    running = await job.start()
    await held.asked.wait()

    running.send(signal.SIGINT)
    await running.said("stopping")
    running.send(signal.SIGINT)  # as `timeout -s INT` does
    held.answer.set()
    ran = await running.end()
    again = await job.run()

    assert (ran.code, again.code) == (130, 0)
    assert sorted(job.paths()) == sorted(paths)


async def test_a_terminal_that_is_closed_ends_a_run_as_sigterm_does(
    job: Job, held: Held, paths: list[str]
) -> None:
    job.write()
    running = await job.start()
    await held.asked.wait()

    running.send(signal.SIGHUP)
    await running.said("stopping")
    held.answer.set()

    assert (await running.end()).code == 143


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_callback_that_waits_for_ever_fails_its_page_and_says_for_how_long(
    job: Job, site: Site, backend: str
) -> None:
    site.html("/", "/ok")
    site.html("/ok")
    job.spider(
        "import asyncio\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def parse(self, response):\n"
        "        if response.url.endswith('/ok'):\n"
        "            await asyncio.Event().wait()\n"
        "        yield response.follow('/ok')\n",
        run={"backend": backend, "callback_timeout": "2s"},
    )

    ran = await job.run()

    row = job.requests()["/ok"]
    assert ran.code == 3
    assert (row["outcome"], row["reason"]) == ("failed", "callback")
    assert "run.callback_timeout" in row["error"]


@pytest.mark.parametrize("moment", ["start", "closed"])
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_signal_ends_a_run_that_waits_in_the_spiders_own_code(
    job: Job, site: Site, backend: str, moment: str
) -> None:
    site.html("/")
    job.spider(
        "import asyncio\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def start(self):\n"
        f"        if {moment == 'start'}:\n"
        "            self.logger.info('waits'); print('waits', flush=True)\n"
        "            await asyncio.Event().wait()\n"
        "        async for one in super().start(): yield one\n"
        "    async def closed(self, reason):\n"
        f"        if {moment == 'closed'}:\n"
        "            print('waits', flush=True)\n"
        "            await asyncio.Event().wait()\n"
        "    def parse(self, response): pass\n",
        run={"backend": backend},
    )
    running = await job.start()
    assert running._process.stdout is not None
    await running._process.stdout.readline()

    running.send(signal.SIGTERM)
    if moment == "closed":
        await running.said("the crawl is over")
        await asyncio.sleep(0.4)
        running.send(signal.SIGTERM)
    ran = await running.end()

    assert ran.code == 143
