"""The fault matrix, row by row: each a whole crawl of a host that does this one thing."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.testing.authority import CertificateAuthority
from crawler.testing.faults.matrix import ROWS
from crawler.testing.faults.row import Door, FaultRow
from crawler.testing.hostile_server import HostileServer
from scripts.soak.fault_crawl import crawl, faults_of, played_names, starts_of, trusted

_MIB = 1024 * 1024
_SECONDS = 30

#: It takes as long as probes of a dead host do; the crawl of all rows at once has it.
_LONG = {"F71"}


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


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.number not in _LONG], ids=lambda row: row.number
)
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
