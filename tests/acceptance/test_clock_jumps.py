"""A machine whose clock is set, while a run goes on and between two of them."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.conftest import ROOT

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

DAY = 86_400
BACKENDS = ("asyncio", "threads")
#: Sets the clock of the whole process, as far as Python can see.
SET = "import time; real = time.time; time.time = lambda: real() + ({shift})\n"


def fails_once(site: Site, path: str) -> asyncio.Event:
    """Have a page answer 503 at its first request; the event is set then."""
    good, asked = site.pages[path], asyncio.Event()
    assert isinstance(good, bytes)

    async def play(exchange: Any) -> None:
        first = not asked.is_set()
        asked.set()
        await exchange.send(site.answer("", 503) if first else good)

    site.pages[path] = play
    return asked


@pytest.mark.parametrize("shift", [-DAY, DAY])
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_clock_that_is_set_during_a_run_makes_no_difference(
    job: Job, site: Site, backend: str, shift: int
) -> None:
    paths = site.tree(4)
    asked = fails_once(site, "/leaf1")
    job.spider(
        SET.format(shift="shift[0]") + "shift = [0]\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        if response.url.endswith('/leaf2'):\n"
        f"            shift[0] = {shift}\n"
        "        yield {'title': response.css('title::text').get()}\n"
        "        yield from response.follow_all(css='a')\n",
        fetch={"retries": 2},
        run={"backend": backend},
    )

    ran = await job.run()

    assert asked.is_set()
    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == sorted(paths)
    assert job.summary()["duration_s"] < DAY / 2


@pytest.mark.parametrize("shift", [DAY, -DAY])
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_run_goes_on_although_the_clock_was_set_meanwhile(
    job: Job, site: Site, backend: str, shift: int
) -> None:
    paths = site.tree(4)
    fails_once(site, "/leaf1")
    held = site.hold("/leaf3")
    elsewhere = job.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "sitecustomize.py").write_text(SET.format(shift=shift))
    job.write(fetch={"retries": 2}, run={"backend": backend})
    running = await job.start(env={"PYTHONPATH": os.pathsep.join((str(elsewhere), str(ROOT)))})
    await held.asked.wait()
    running.send(signal.SIGTERM)
    await running.said("stopping")
    held.answer.set()
    stopped = await running.end()

    ran = await job.run()

    assert (stopped.code, ran.code) == (143, 0), ran.err
    assert sorted(job.paths()) == sorted(paths)
