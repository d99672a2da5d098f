"""Claims about what a start does not load: what is named here costs milliseconds each time."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crawler.testing.authority import Certificate, CertificateAuthority
from crawler.testing.raw_server import Exchange, RawServer
from tests.acceptance.conftest import ROOT, Site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Job

#: What a crawl stands on, heaviest first.
_OF_A_CRAWL = {
    "aiohttp", "pydantic", "asyncio", "ssl", "yaml", "msgspec", "selectolax", "lxml", "uvloop",
    "aiodns", "logging", "sqlite3", "email", "http", "concurrent", "multiprocessing", "inspect",
    "urllib3", "isal", "can_ada", "xxhash",
}  # fmt: skip
#: What only some crawls stand on.
_OF_OTHERS = {
    "lxml", "urllib3", "aiohttp.web", "aiohttp.test_utils", "multiprocessing", "pyarrow",
    "concurrent.futures.process", "PIL", "statistics", "pdb", "code", "crawler.practice",
    "crawler.testing", "crawler.offload.slots", "crawler.workers.process",
    "crawler.workers.threads", "crawler.extract.xml_list", "crawler.extract.entities",
    "crawler.observe.live_screen", "crawler.fetch.threads_client", "crawler.app.run.live_figures",
    "crawler.app.look", "crawler.dispatch", "crawler.config.schema",
}  # fmt: skip


def loaded(said: str) -> set[str]:
    """Return the modules that a process with PYTHONPROFILEIMPORTTIME imported, and packages."""
    lines = [line for line in said.splitlines() if line.startswith("import time:")]
    names = {line.rpartition("|")[2].strip() for line in lines}
    assert "encodings" in names
    return names


def imports_of(*words: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, *words], env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}, cwd=ROOT,
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return loaded(ran.stderr)


def test_the_package_itself_loads_nothing_that_a_crawl_stands_on() -> None:
    assert imports_of("-c", "import crawler") & _OF_A_CRAWL == set()


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_a_word_that_crawls_nothing_loads_nothing_that_a_crawl_stands_on(word: str) -> None:
    assert imports_of("-m", "crawler", word) & _OF_A_CRAWL == set()


async def test_a_run_loads_nothing_that_it_does_not_use(job: Job) -> None:
    job.site.tree(2)
    job.write(run={"backend": "asyncio", "workers": 1})

    ran = await job.run("-q", env={"PYTHONPROFILEIMPORTTIME": "1"})

    assert ran.code == 0
    assert len(job.items()) == 3
    assert loaded(ran.err) & _OF_OTHERS == set()
    assert "crawler.fetch.http_client" in loaded(ran.err)


async def test_certificates_of_the_system_decide_though_they_are_read_late(
    job: Job, tmp_path: Path
) -> None:
    authority = CertificateAuthority(tmp_path / "authority")

    async def hello(exchange: Exchange) -> None:
        await exchange.send(Site.answer("<title>hello</title>"))

    tls = authority.context(Certificate.GOOD, "127.0.0.1", "good.test")
    async with RawServer(hello, tls=tls) as server:
        job.write(start=[server.url()], fetch={"robots": "ignore"})
        refused = await job.run()
        good = await job.run(env={"SSL_CERT_FILE": str(authority.root)})

    assert refused.code == 4
    assert "tls 1" in refused.err
    assert good.code == 0
    assert job.paths() == ["hello"]
