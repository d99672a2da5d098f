"""Exit 75: one run of a job at a time."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site


async def test_a_second_run_is_refused_at_once_names_the_first_and_does_it_no_harm(
    job: Job, site: Site
) -> None:
    paths = site.tree(3)
    held = site.hold("/leaf1")
    job.write()
    first = await job.start()
    await held.asked.wait()

    began = time.monotonic()
    refused = [await job.run(*options) for options in ((), ("--fresh",), ("--forget",))]
    spent = time.monotonic() - began
    held.answer.set()
    ran = await first.end()

    assert [one.code for one in refused] == [75, 75, 75]
    for one in refused:
        assert re.fullmatch(
            rf"error: another run of this job is going on: pid {first.pid}, .*\n", one.err
        )
    # A second each is the promise; starting Python is most of it, and machines are shared.
    assert spent < 15
    assert ran.code == 0
    assert sorted(job.paths()) == sorted(paths)
    assert len(job.reports) == 1


async def test_jobs_of_other_names_run_beside_it(job: Job, site: Site) -> None:
    site.tree(1)
    held = site.hold("/leaf0")
    job.write()
    first = await job.start()
    await held.asked.wait()
    job.write(name="other", scope={"follow": False})

    ran = await job.run()

    held.answer.set()
    assert (ran.code, (await first.end()).code) == (0, 0)


async def test_the_lock_is_free_after_a_kill(job: Job, site: Site) -> None:
    paths = site.tree(2)
    held = site.hold("/leaf0")
    job.write()
    first = await job.start()
    await held.asked.wait()
    await first.kill()
    held.answer.set()

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == sorted(paths)
