"""Exit 2: the command line or the config is wrong; said in words, nothing fetched, nothing made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

BROKEN = """\
name: job
strat: ["http://127.0.0.1:1/"]
start: ["ftp://127.0.0.1/"]
fetch: {timeout: 20, retreis: 1}
scope: {max_depth: deep}
"""


async def test_every_mistake_of_a_config_is_named_at_its_place_and_nothing_is_made(
    job: Job,
) -> None:
    job.write(BROKEN)

    ran = await job.run()

    assert (ran.code, ran.out) == (2, b"")
    places = re.findall(r"^job.yaml:(\d+):\d+: error: ", ran.err, re.MULTILINE)
    assert places == ["2", "3", "4", "4", "5"]
    assert "did you mean" in ran.err
    assert job.untouched


async def test_validate_says_the_same_as_a_run(job: Job) -> None:
    job.write(BROKEN)

    checked, ran = await job.run("--", "validate", "job.yaml"), await job.run()

    assert (checked.code, checked.err) == (2, ran.err)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("vaildate job.yaml", "did you mean 'validate'?"),
        ("absent.yaml", "there is no file absent.yaml"),
        ("job.yaml --refresh", "add incremental: {} to it"),
        ("job.yaml --fesh", "did you mean --fresh?"),
        ("job.yaml --limit 0", "'0' is no whole number from 1 on"),
        ("job.yaml --fresh --resume", "--resume: not allowed with argument --fresh"),
        ("job.yaml --forget --resume", "--forget wipes what --resume goes on with"),
        ("job.yaml other.yaml", "what is 'other.yaml'?"),
        ("job.yaml --set fetch.retreis=1", "did you mean"),
        ("", "Name a config file"),
    ],
)
async def test_a_wrong_command_line_is_answered_with_what_to_do(
    job: Job, words: str, says: str
) -> None:
    job.write()

    ran = await job.run("--", *words.split())

    assert (ran.code, ran.out) == (2, b"")
    assert says in ran.err
    assert len(ran.err.splitlines()) <= 4
    assert job.untouched


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"schedule": {"cron": "0 3 31 2 *"}}, "there is no 31 February"),
        ({"start": ["ftp://127.0.0.1/"]}, "ftp"),
        ({"start": []}, "start"),
        ({"spider": "absent.py:S"}, "absent.py"),
        ({"fetch": {"headers": {"X-Key": "${NO_SUCH_VARIABLE}"}}}, "NO_SUCH_VARIABLE"),
        ({"extends": "absent.yaml"}, "absent.yaml"),
        ({"extract": [{"item": "A", "fields": {"t": {"css": "h1["}}}]}, "h1["),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
async def test_a_config_that_cannot_be_run_is_refused_before_anything_is_made(
    job: Job, keys: dict[str, object], says: str
) -> None:
    job.write(**keys)

    ran = await job.run()

    assert ran.code == 2
    assert says in ran.err
    assert "job.yaml:" in ran.err
    assert job.untouched
    assert not job.site.hits


async def test_options_may_come_before_the_config(job: Job, site: Site) -> None:
    site.html("/")
    job.write()

    ran = await job.run("--", "--dir", "elsewhere", "--set", "name=moved", "job.yaml")

    assert ran.code == 0
    assert job.untouched
    assert (job.folder / "elsewhere/state/moved/crawl.sqlite").exists()


async def test_resume_with_nothing_to_resume_makes_nothing(job: Job) -> None:
    job.write()

    ran = await job.run("--resume")

    assert (ran.code, job.untouched) == (2, True)
    assert ran.err == "error: job job has no interrupted run to resume\n"


async def test_resume_after_a_finished_run_is_refused(job: Job, site: Site) -> None:
    site.html("/")
    job.write()
    assert (await job.run()).code == 0

    ran = await job.run("--resume")

    assert (ran.code, ran.err) == (2, "error: job job has no interrupted run to resume\n")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("class T(Spider): name = 't'", "no spider class S; it has T"),
        ("x = 1", "no spider class S"),
        ("import no_such_module_anywhere", "no_such_module_anywhere"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("x = 1 / 0", "ZeroDivisionError: division by zero"),
        ("class S(Spider)\n    name = 's'", "SyntaxError"),
        ("class S(Spider): pass", "must have a name"),
        (
            "class S(Spider):\n    name = 's'\n    def __init__(self, *, depth): ...",
            "depth",
        ),
        ("class S(Spider):\n    name = 's'\n    start_urls = ['ftp://a/']", "ftp"),
        ("class S(Spider):\n    name = 's'\n    start_urls = 'http://a/'", "write a list"),
    ],
)
async def test_a_spider_that_cannot_be_had_is_refused_with_its_file(
    job: Job, code: str, says: str
) -> None:
    job.spider(code, start=None)

    ran = await job.run()

    assert ran.code == 2
    assert says in ran.err
    assert "spider.py" in ran.err
    assert job.untouched


async def test_schema_and_help_need_no_job(job: Job) -> None:
    schema, told = await job.run("--", "schema"), await job.run("--", "--help")

    assert (schema.code, told.code) == (0, 0)
    assert b'"properties"' in schema.out
    assert b"exit codes" in told.out


async def test_cron_mails_the_first_of_many_mistakes_and_how_to_see_the_others(job: Job) -> None:
    job.write(**{f"wrong{number}": number for number in range(9)})

    mailed = await job.run("--cron", "--set", "run.loop=asyncio")
    shown = await job.run()

    assert mailed.code == shown.code == 2
    assert len(mailed.err.splitlines()) <= 20
    assert mailed.err.endswith(
        "3 more: python -m crawler validate job.yaml --set run.loop=asyncio\n"
    )
    assert "'wrong8'" in shown.err
