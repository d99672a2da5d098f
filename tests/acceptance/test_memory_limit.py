"""A process that may have no more memory: words, and a later run that has everything once."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import ROOT, Running

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Ran, Site

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_AS")

LIMITED = """
import os, resource, sys
limit = int(sys.argv[1]) << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
os.execv(sys.executable, [sys.executable, "-m", "crawler", "job.yaml"])
"""
#: Keeps 40 MB of each page, up to a number of pages that the environment gives.
GREEDY = """
import os
class S(Spider):
    name = "s"
    kept = []
    def parse(self, response):
        if "GREEDY" in os.environ:
            self.kept.append(bytearray(40 << 20))
        yield {"title": response.css("title::text").get()}
        yield from response.follow_all(css="a")
"""


async def run_with(job: Job, megabytes: int) -> Ran:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LIMITED, str(megabytes), cwd=job.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GREEDY": "1"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    return await Running(process).end()


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
async def test_what_finds_no_memory_ends_in_words_and_later_runs_have_everything_once(
    job: Job, site: Site, backend: str
) -> None:
    paths = site.tree(40)
    job.spider(GREEDY, run={"backend": backend, "threads": 2})

    short = await run_with(job, 1_200)
    if short.code == 1:  # the crawler itself found none, not a callback
        await job.run()
    again = await job.run("--", "retry", "job")

    assert short.code in (1, 3), short.err
    assert "MemoryError" in short.err or "state saved" in short.err
    assert again.code == 0, again.err
    assert sorted(item["title"] for item in job.items()) == sorted(paths)
    assert job.summary()["books"]["failed"] == 0
