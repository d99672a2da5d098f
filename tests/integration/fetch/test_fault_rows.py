"""The fault matrix, row by row: each a whole crawl of a host that does this one thing."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.testing.authority import CertificateAuthority
from crawler.testing.faults import markup, robots_files, sitemaps
from crawler.testing.faults.matrix import ROWS
from crawler.testing.faults.play import html, site
from crawler.testing.faults.row import OBEY, Door, FaultRow
from crawler.testing.hostile_server import HostileServer
from crawler.testing.raw_server import RawServer, answer
from scripts.soak.fault_crawl import crawl, faults_of, played_names, starts_of, trusted

_MIB = 1024 * 1024
_SECONDS = 90

#: It takes as long as probes of a dead host do; the crawl of all rows at once has it.
_LONG = {"F71"}


#: What is made of bytes that have come in is the same code on both backends.
_READ = (*markup.ROWS, *robots_files.GRAMMAR, *robots_files.LETTERS, *sitemaps.SYNTAX)
_ONCE = _LONG | {row.number for row in _READ}
_ROUNDS = [
    *((row, "asyncio") for row in ROWS if row.number not in _LONG),
    *((row, "threads") for row in ROWS if row.number not in _ONCE),
]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def certificates(
    row: FaultRow, request: pytest.FixtureRequest
) -> Iterator[CertificateAuthority | None]:
    """Return the authority, trusted by both clients; None where no row needs it."""
    if row.door is not Door.TLS:
        yield None
        return
    made: CertificateAuthority = request.getfixturevalue("authority")
    with trusted(made):
        yield made


@pytest.mark.parametrize(("row", "backend"), _ROUNDS, ids=lambda one: getattr(one, "number", one))
async def test_a_row_ends_as_it_says(
    row: FaultRow, backend: str, certificates: CertificateAuthority | None, tmp_path: Path
) -> None:
    async with (
        asyncio.timeout(_SECONDS),
        HostileServer([row], certificates=certificates) as server,
    ):
        with played_names(server):
            crawled = await crawl(
                starts_of(server, [row]), tmp_path, backend=backend, settings=row.settings
            )
        retries = int(row.settings.get("fetch.retries", "0"))
        wrong = faults_of(row, server, crawled, retries=retries)

    assert wrong == []
    assert (crawled.growth or 0) < row.room * _MIB
    assert crawled.summary["books"]["balanced"]


def test_every_row_has_a_number_of_its_own() -> None:
    assert [n for n, times in Counter(row.number for row in ROWS).items() if times > 1] == []


@pytest.mark.parametrize("number", range(1, 101))
def test_every_number_of_the_matrix_has_a_row_or_a_test_of_its_own(number: int) -> None:
    # What the machine runs out of, what a host does to others, and rules of two ports.
    elsewhere = {14, 15, 95}
    rows = [row for row in ROWS if row.number.rstrip("abcdefghijk") == f"F{number}"]

    assert rows or number in elsewhere


async def test_the_rules_of_one_port_are_not_those_of_another(tmp_path: Path) -> None:
    """F95: what robots.txt says holds for scheme, host and port (RFC 9309 §2.3)."""
    rules = {"/robots.txt": answer(b"User-agent: *\nDisallow: /"), "*": html("")}
    async with RawServer(site(rules)) as shut, RawServer(site({"*": html("")})) as free:
        starts = [shut.url("/page"), free.url("/page")]
        crawled = await crawl(starts, tmp_path, backend="asyncio", settings=OBEY)

    assert [crawled.lines[url]["outcome"] for url in starts] == ["skipped", "done"]
