"""With `--cron` a good run says nothing, whatever its code and that of others prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

LOUD = """
import logging, os, warnings

class S(Spider):
    name = 's'

    def parse(self, response):
        print('printed')
        warnings.warn('warned')
        logging.getLogger('library').warning('logged')
        os.system('echo from another process')
        yield {'url': response.url}
"""
WORDS = ["printed", "warned", "logged", "from another process"]


def held(job: Job) -> str:
    (path,) = job.folder.glob("reports/*/*/output.txt")
    return path.read_text()


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
async def test_a_good_run_keeps_what_its_code_prints_to_itself(
    job: Job, site: Site, backend: str
) -> None:
    site.tree(1)
    job.spider(LOUD, run={"backend": backend})

    ran = await job.run("--cron")

    assert (ran.code, ran.out, ran.err) == (0, b"", "")
    assert all(word in held(job) for word in WORDS)
    assert "output.txt" in job.log()


async def test_a_bad_run_says_where_it_is(job: Job, site: Site) -> None:
    site.tree(1)
    job.spider(LOUD, checks={"min_items": 10})

    ran = await job.run("--cron")

    assert (ran.code, ran.out) == (3, b"")
    assert "by the job's own code: " in ran.err
    assert "output.txt" in ran.err
    assert not any(word in ran.err for word in WORDS[1:])


async def test_nothing_is_lost_while_another_process_prints(job: Job, site: Site) -> None:
    site.tree(1)
    job.spider(
        """
import subprocess, sys

class S(Spider):
    name = 's'
    other = None

    def parse(self, response):
        loud = "while True: print('other', flush=True)"
        self.other = subprocess.Popen([sys.executable, '-c', loud])
        print('mine\\n' * 50_000)
        yield {'url': response.url}

    def closed(self, reason):
        self.other.kill()
        self.other.wait()
"""
    )

    ran = await job.run("--cron")

    assert (ran.code, ran.out, ran.err) == (0, b"", "")
    # What the other printed may stand within a line: a long text is written in several pieces.
    assert held(job).replace("other\n", "").count("mine\n") == 50_000


async def test_what_is_printed_as_the_process_ends_is_not_heard_either(
    job: Job, site: Site
) -> None:
    site.tree(1)
    job.spider("import atexit\natexit.register(print, 'bye')\n" + LOUD)

    ran = await job.run("--cron")

    assert (ran.code, ran.out, ran.err) == (0, b"", "")


async def test_items_on_standard_output_are_there_alone(job: Job, site: Site) -> None:
    site.tree(1)
    job.spider(LOUD)

    ran = await job.run("--cron", "-o", "-")

    assert [line["url"] for line in ran.lines] == [site.url("/")]
    assert ran.err == ""
    assert "printed" in held(job)


async def test_what_was_printed_before_there_was_a_report_is_in_the_mail(job: Job) -> None:
    job.spider("print('a word before')\nraise RuntimeError('of no use')\n")

    ran = await job.run("--cron")

    assert ran.code == 2
    assert "printed: a word before" in ran.err
    assert "of no use" in ran.err


async def test_without_cron_everybody_speaks(job: Job, site: Site) -> None:
    site.tree(1)
    job.spider(LOUD)

    ran = await job.run()

    assert ran.code == 0
    assert "warned" in ran.err
    assert b"printed" in ran.out
    assert list(job.folder.glob("reports/*/*/output.txt")) == []
