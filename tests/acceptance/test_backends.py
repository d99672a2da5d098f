"""Threads instead of the event loop: the same spider, the same config, the same items."""

from __future__ import annotations

import asyncio
import shutil
import signal

import pytest

from crawler.app.run.stop_signals import ECHO, GRACE
from scripts.soak.equivalence import given_by, options, ways_of
from tests.acceptance.conftest import ROOT, Job, Site

EXAMPLES = sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_gives_the_same_on_both_backends_and_over_workers(
    job: Job, name: str
) -> None:
    shutil.copytree(ROOT / "configs", job.folder / "configs")

    ways = ways_of(name)

    runs = [
        await job.run("--", f"configs/{name}.yaml", "--dir", way, *options(way)) for way in ways
    ]

    assert [ran.code for ran in runs] == [0] * len(ways), [ran.err for ran in runs]
    one, *others = (given_by(job.folder / way, 0) for way in ways)
    for other in others:
        assert one.items == other.items
        assert one.ends == other.ends
        assert one.summary["books"] == other.summary["books"]
    assert one.items.total() >= sum(kind["out"] for kind in one.summary["items"].values()) > 0
    ran_on = [(one.summary["backend"], one.summary["workers"]) for one in (one, *others)]
    assert ran_on == [("asyncio", 1), ("threads", 1), ("asyncio", 2)][: len(ways)]


async def test_callbacks_of_every_shape_run_on_one_thread_beside_those_that_fetch(
    job: Job, site: Site
) -> None:
    site.html("/", *(f"/{number}" for number in range(20)))
    for number in range(20):
        site.html(f"/{number}")
    job.spider(
        "import asyncio\n"
        "import threading\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def start(self):\n"
        "        await asyncio.sleep(0)\n"
        "        yield {'title': 'start', 'thread': threading.current_thread().name}\n"
        "        yield Request(self.start_urls[0])\n"
        "    async def parse(self, response):\n"
        "        await asyncio.sleep(0)\n"
        "        names = [one.name for one in threading.enumerate()]\n"
        "        yield {'title': '/', 'thread': threading.current_thread().name,\n"
        "               'fetching': sum(name.startswith('fetch') for name in names)}\n"
        "        for link in response.css('a'):\n"
        "            yield response.follow(link, callback=self.parse_one)\n"
        "    def parse_one(self, response):\n"
        "        self.state['seen'] = self.state.get('seen', 0) + 1\n"
        "        return {'title': response.css('title::text').get(),\n"
        "                'thread': threading.current_thread().name}\n",
        run={"backend": "threads", "threads": 4},
    )

    ran = await job.run()

    assert ran.code == 0, ran.err
    items = job.items()
    assert len(items) == 22
    assert {item["thread"] for item in items} == {"spider"}
    assert next(item for item in items if item["title"] == "/")["fetching"] >= 1


async def test_the_first_signal_finishes_what_is_in_flight_on_threads_too(
    job: Job, site: Site
) -> None:
    site.html("/", "/a", "/b")
    site.html("/a")
    site.html("/b")
    held = site.hold("/a")
    job.write(run={"backend": "threads"})
    running = await job.start()
    await held.asked.wait()

    running.send(signal.SIGINT)
    await running.said("stopping")
    held.answer.set()
    stopped = await running.end()
    ran = await job.run()

    assert stopped.code == 130
    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == ["/", "/a", "/b"]
    assert site.hits["/a"] == 1


async def test_the_second_signal_does_not_wait_for_a_server(job: Job, site: Site) -> None:
    site.html("/", "/a")
    site.html("/a")
    held = site.hold("/a")
    job.write(run={"backend": "threads"})
    running = await job.start()
    await held.asked.wait()

    running.send(signal.SIGINT)
    await running.said("stopping")
    await asyncio.sleep(ECHO)
    running.send(signal.SIGINT)
    stopped = await asyncio.wait_for(running.end(), GRACE / 2)

    assert stopped.code == 130


async def test_a_kill_loses_and_repeats_nothing_on_threads_too(job: Job, site: Site) -> None:
    paths = [f"/{number}" for number in range(30)]
    site.html("/", *paths)
    for path in paths:
        site.html(path)
    held = site.hold("/17")
    job.write(run={"backend": "threads", "threads": 4}, fetch={"per_host": {"concurrency": 4}})
    running = await job.start()
    await asyncio.wait_for(held.asked.wait(), 30)
    await running.kill()
    held.answer.set()

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == sorted(["/", *paths])


async def test_a_spider_that_says_so_has_its_plain_callbacks_in_the_threads_that_fetch(
    job: Job, site: Site
) -> None:
    site.html("/", "/a")
    site.html("/a")
    job.spider(
        "import threading\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    thread_safe = True\n"
        "    async def parse(self, response):\n"
        "        yield {'thread': threading.current_thread().name}\n"
        "        yield response.follow('/a', callback=self.parse_one)\n"
        "    def parse_one(self, response):\n"
        "        yield {'thread': threading.current_thread().name}\n",
        run={"backend": "threads"},
    )

    ran = await job.run()

    assert ran.code == 0, ran.err
    first, second = (item["thread"] for item in job.items())
    assert first == "spider"
    assert second.startswith("fetch")


async def test_start_requests_are_ordered_as_a_whole_on_threads_too(job: Job, site: Site) -> None:
    paths = [f"/{number}" for number in range(5)]
    for path in paths:
        site.html(path)
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def start(self):\n"
        "        for number in range(5):\n"
        f"            yield Request('{site.url('')}/%d' % number, priority=number)\n"
        "    def parse(self, response):\n"
        "        yield {'title': response.css('title::text').get()}\n",
        start=None,
        scope={"hosts": [f"127.0.0.1:{site.server.port}"]},
        run={"backend": "threads"},
    )

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert job.paths() == paths[::-1]


async def test_the_state_of_a_spider_survives_callbacks_at_the_same_time(
    job: Job, site: Site
) -> None:
    paths = [f"/{number}" for number in range(60)]
    site.html("/", *paths)
    for path in paths:
        site.html(path)
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    thread_safe = True\n"
        "    def parse(self, response):\n"
        "        for link in response.css('a'):\n"
        "            yield response.follow(link, callback=self.parse_one)\n"
        "    def parse_one(self, response):\n"
        "        self.state[response.url[-3:]] = list(range(500))\n"
        "        return {'title': response.css('title::text').get()}\n"
        "    def closed(self, reason):\n"
        "        print('kept', len(self.state), file=__import__('sys').stderr)\n",
        run={"backend": "threads"},
        fetch={"per_host": {"concurrency": 16, "delay": "0s", "adaptive": False}},
    )

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert "kept 60" in ran.err
    assert len(job.items()) == 60


async def test_what_waits_on_a_thread_is_cancelled_without_a_word_at_the_second_signal(
    job: Job, site: Site
) -> None:
    site.html("/")
    job.spider(
        "import asyncio\n"
        "import sys\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def parse(self, response):\n"
        "        print('waiting', file=sys.stderr, flush=True)\n"
        "        try:\n"
        "            await asyncio.sleep(1000)\n"
        "        finally:\n"
        "            await asyncio.sleep(0.1)\n"
        "            print('tidied', file=sys.stderr, flush=True)\n",
        run={"backend": "threads"},
    )
    running = await job.start()
    await running.said("waiting")

    running.send(signal.SIGINT)
    await running.said("stopping")
    await asyncio.sleep(ECHO)
    running.send(signal.SIGINT)
    stopped = await asyncio.wait_for(running.end(), GRACE / 2)

    assert stopped.code == 130
    assert "tidied" in stopped.err
    assert "destroyed" not in stopped.err
