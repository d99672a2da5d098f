"""Commands that print: to a full disk, a closed or narrow standard output, a reader that left."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

from tests.acceptance.conftest import ROOT, Job, Ran, Site

COMMANDS = [
    ["schema"],
    ["explain", "job.yaml"],
    ["try", "job.yaml", "/"],
    ["validate", "job.yaml"],
    ["doctor"],
    ["fetch", "--config", "job.yaml", "http://127.0.0.1:9/"],
]


async def printed_to(job: Job, stdout: str, *words: str, **env: str) -> Ran:
    """Run a command with its standard output where a shell would put it."""
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f'exec "$@" {stdout}', "sh", sys.executable, "-m", "crawler", *words,
        cwd=job.folder, env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return Ran(process.returncode, out, err.decode())


@pytest.mark.parametrize("unbuffered", ["", "1"])
async def test_what_a_full_disk_does_not_take_is_exit_5(
    job: Job, site: Site, unbuffered: str
) -> None:
    site.html("/")
    job.write()

    for words in COMMANDS[:-1]:
        ran = await printed_to(job, ">/dev/full", *words, PYTHONUNBUFFERED=unbuffered)

        assert ran.code == 5, words
        assert ran.err == "error: cannot write to standard output: No space left on device\n"


async def test_a_closed_standard_output_is_exit_5_and_no_crash(job: Job, site: Site) -> None:
    site.html("/")
    job.write()

    for words in COMMANDS:
        ran = await printed_to(job, ">&-", *words)

        assert (ran.code, ran.err) == (5, "error: standard output is closed\n"), words


async def test_a_run_needs_no_standard_output(job: Job, site: Site) -> None:
    site.html("/")
    job.write()

    ran = await printed_to(job, ">&- <&-", "job.yaml")

    assert ran.code == 0, ran.err
    assert job.paths() == ["/"]


async def test_a_reader_that_left_is_no_error(job: Job) -> None:
    job.write()
    reader, writer = os.pipe()
    os.close(reader)

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", "doctor", cwd=job.folder, stdout=writer,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    os.close(writer)
    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert (process.returncode, err) == (0, b"")


async def test_what_the_locale_cannot_write_is_escaped(job: Job, site: Site) -> None:
    site.html("/", body="<h1>Café</h1>")
    job.write()

    tried = await printed_to(job, "", "try", "job.yaml", "/", PYTHONIOENCODING="ascii")
    explained = await printed_to(
        job,
        "",
        "explain",
        "job.yaml",
        "--json",
        "--set",
        "scope.deny=[/caf\u00e9]",
        PYTHONIOENCODING="ascii",
    )

    assert (tried.code, tried.err) == (0, "")
    assert rb"200 \xb7 text/html" in tried.out
    assert json.loads(explained.out.decode("ascii"))["scope.deny"]["value"] == ["/café"]
