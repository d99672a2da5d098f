"""`run.workers`: several processes fetch and parse, and any of them may be killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

import pytest

from crawler.app.run.stop_signals import ECHO, GRACE
from crawler.testing.raw_server import Exchange
from scripts.soak.killed_process import session_of, workers_of
from tests.acceptance.conftest import Job, Running, Site

TWO: dict[str, Any] = {"workers": 2}
QUICK = {
    "per_host": {"concurrency": 8, "delay": "0s", "adaptive": False},
    "timeout": "2m",  # pages are held back while processes start
}


async def gone(session: int) -> None:
    """Wait until no process of a session is left."""
    async with asyncio.timeout(10):
        while session_of(session):  # noqa: ASYNC110 - processes set no event
            await asyncio.sleep(0.01)


@pytest.fixture
def paths(site: Site) -> list[str]:
    return site.tree(40)


async def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(
    job: Job, site: Site, paths: list[str]
) -> None:
    on_their_way = ("/leaf7", "/leaf8", "/leaf9", "/leaf10", "/leaf11")
    held = [site.hold(path) for path in on_their_way]
    job.write(run=TWO, fetch=QUICK)
    running = await job.start()
    await asyncio.wait_for(held[0].asked.wait(), 60)
    for _ in range(3):
        victim = workers_of(running.pid)[0]
        os.kill(victim, signal.SIGKILL)
        async with asyncio.timeout(60):
            # One that has only just begun may be the next to go.
            while victim in (left := workers_of(running.pid)) or len(left) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    for one in held:
        one.answer.set()

    ran = await running.end()

    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == sorted(paths)
    assert "SIGKILL" in job.log()
    # Of the others, one may have been read just then, and be charged as a suspect.
    tries = {path: row["attempts"] for path, row in job.requests().items()}
    assert all(tries[path] <= 1 for path in on_their_way)
    assert len(set(workers_of(running.pid))) == 0


@pytest.mark.parametrize(
    ("how", "named"), [("os._exit(7)", "exit 7"), ("ctypes.string_at(0)", "SIGSEGV")]
)
async def test_a_page_that_ends_its_worker_is_dead_after_three_and_no_other_pays(
    job: Job, paths: list[str], how: str, named: str
) -> None:
    job.spider(
        "import ctypes, os\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        if response.url.endswith('/leaf5'):\n"
        f"            {how}\n"
        "        yield {'title': response.css('title::text').get()}\n"
        "        yield from response.follow_all(css='a')\n",
        run=TWO,
        fetch=QUICK,
    )

    ran = await job.run()

    rows = job.requests()
    assert rows["/leaf5"]["outcome"] == "dead"
    assert rows["/leaf5"]["reason"] == "crash"
    assert sorted(job.paths()) == sorted(set(paths) - {"/leaf5"})
    assert {row["attempts"] for path, row in rows.items() if path != "/leaf5"} == {1}
    ends = [
        line for line in job.log().splitlines() if "INFO worker process" in line and named in line
    ]
    assert len(ends) == 3, ends
    assert ran.code == 0, ran.err


async def test_a_spider_that_cannot_be_made_in_a_worker_ends_the_run_with_words(
    job: Job, site: Site
) -> None:
    site.html("/")
    job.spider(
        "import os\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def __init__(self, *args, **kwargs):\n"
        "        super().__init__(*args, **kwargs)\n"
        "        if os.getpid() != os.getsid(0):\n"
        "            os._exit(9)\n",
        run=TWO,
    )

    ran = await job.run()

    assert ran.code == 6
    assert "a worker process ended as it began: exit 9" in ran.err
    assert "internal error" not in ran.err


async def test_no_worker_outlives_a_parent_that_is_killed(
    job: Job, site: Site, paths: list[str]
) -> None:
    held = site.hold("/leaf20")
    job.write(run=TWO, fetch=QUICK)
    running = await job.start()
    await asyncio.wait_for(held.asked.wait(), 60)

    running.send(signal.SIGKILL)
    await running.end()
    resumed = await job.start()  # while workers may still be there: the lock is free at once
    held.answer.set()
    ran = await resumed.end()

    assert ran.code == 0, ran.err
    await gone(running.pid)
    assert sorted(job.paths()) == sorted(paths)


async def test_when_everything_is_killed_the_next_run_goes_on(
    job: Job, site: Site, paths: list[str]
) -> None:
    held = site.hold("/leaf20")
    job.write(run=TWO, fetch=QUICK)
    running = await job.start()
    await asyncio.wait_for(held.asked.wait(), 60)
    await running.kill()
    held.answer.set()

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == sorted(paths)


async def test_start_runs_in_the_parent_and_closed_in_every_worker(job: Job, site: Site) -> None:
    site.tree(3)
    job.spider(
        "import os\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def start(self):\n"
        "        with open('started', 'a') as file: file.write('%d ' % os.getpid())\n"
        "        yield Request(self.start_urls[0])\n"
        "    def parse(self, response):\n"
        "        self.logger.warning('seen %s', response.url)\n"
        "        yield from response.follow_all(css='a', errback=self.bad)\n"
        "        yield {'pid': os.getpid()}\n"
        "    def bad(self, failure):\n"
        "        yield {'bad': str(failure.value.status)}\n"
        "    def closed(self, reason):\n"
        "        with open('closed', 'a') as file: file.write('%s %d,' % (reason, os.getpid()))\n",
        run=TWO,
    )
    site.html("/", "/leaf0", "/leaf1", "/none")
    running = await job.start()

    ran = await running.end()

    assert ran.code == 0, ran.err
    assert (job.folder / "started").read_text().split() == [str(running.pid)]
    closed = (job.folder / "closed").read_text().strip(",").split(",")
    assert len(set(closed)) in {2, 3}
    assert {one.split()[0] for one in closed} == {"finished"}
    assert str(running.pid) not in {str(one.get("pid")) for one in job.items()}
    assert "seen http" in job.log()
    assert {"404"} == {item["bad"] for item in job.items() if "bad" in item}


async def test_a_session_stays_with_one_worker(job: Job, site: Site) -> None:
    leaves = [f"/leaf{number}" for number in range(30)]
    links = "".join(f'<a href="{leaf}">x</a>' for leaf in leaves)
    site.pages["/"] = site.answer(links, set_cookie="session=1")
    for leaf in leaves:
        site.html(leaf)
    job.spider(
        "import os\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {'pid': os.getpid()}\n"
        "        yield from response.follow_all(css='a')\n",
        run=TWO,
        fetch=QUICK,
    )

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert len(job.items()) == 31
    assert len({item["pid"] for item in job.items()}) == 1
    asked = [one for one in site.seen if one.path in leaves]
    assert all(one.fields.get("cookie") == "session=1" for one in asked)


async def test_state_has_no_place_with_several_workers(job: Job, site: Site) -> None:
    site.html("/")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        self.state['seen'] = 1\n",
        run=TWO,
    )

    await job.run()

    assert "run.workers: 1" in json.dumps(job.requests()["/"])


async def test_two_workers_ask_a_host_no_more_at_once_than_one_may(job: Job, site: Site) -> None:
    open_now: list[int] = []
    most = 0

    async def play(exchange: Exchange) -> None:
        nonlocal most
        open_now.append(1)
        most = max(most, len(open_now))
        await asyncio.sleep(0.02)
        open_now.pop()
        await exchange.send(site.answer(f"<title>{exchange.path}</title>"))

    leaves = [f"/leaf{number}" for number in range(40)]
    site.html("/", *leaves)
    for leaf in leaves:
        site.pages[leaf] = play
    job.write(run=TWO, fetch={"per_host": {"concurrency": 6, "delay": "0s", "adaptive": False}})

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert 1 < most <= 6


async def _asked(held: asyncio.Event, running: Running) -> None:
    await asyncio.wait_for(held.wait(), 60)
    assert running.pid


async def test_ctrl_c_lets_the_workers_finish_what_is_in_flight(
    job: Job, site: Site, paths: list[str]
) -> None:
    held = site.hold("/leaf9")
    job.write(run=TWO, fetch=QUICK)
    running = await job.start()
    await _asked(held.asked, running)

    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to the whole group
    await running.said("stopping")
    held.answer.set()
    stopped = await running.end()
    await gone(running.pid)
    ran = await job.run()

    assert stopped.code == 130
    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == sorted(paths)
    assert site.hits["/leaf9"] == 1


async def test_the_second_signal_does_not_wait_for_a_spider_that_never_closes(
    job: Job, site: Site
) -> None:
    site.html("/")
    job.spider(
        "import asyncio, os\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response): pass\n"
        "    async def closed(self, reason):\n"
        "        os.write(2, b'waits\\n')\n"
        "        await asyncio.Event().wait()\n",
        run=TWO,
    )
    running = await job.start()
    await running.said("waits")

    running.send(signal.SIGTERM)
    await running.said("the crawl is over")
    await asyncio.sleep(ECHO)
    running.send(signal.SIGTERM)
    ran = await asyncio.wait_for(running.end(), GRACE / 2)

    assert ran.code == 143
    await gone(running.pid)
