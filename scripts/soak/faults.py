"""Plays the fault matrix, one whole crawl a row, and prints what came of it.

    python -m scripts.soak.faults [F18 F23b ...] [--backend asyncio|threads]

Prints of each row what the server does, what is expected, what came, how often it was asked, how
long the crawl took and by how much memory grew: that of the server too, as it shares the process.
A body may have 32 MiB, as by default. Exits with 1 if a row does not end as it must.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from crawler.testing.authority import CertificateAuthority
from crawler.testing.faults.matrix import ROWS
from crawler.testing.faults.row import FaultRow
from crawler.testing.hostile_server import HostileServer
from scripts.soak.fault_crawl import (
    Crawled,
    crawl,
    ending,
    faults_of,
    played_names,
    starts_of,
    trusted,
)

_MIB = 1024 * 1024
_SETTINGS = {"fetch.max_body": "32MiB", "fetch.deadline": "10s"}


async def play(
    row: FaultRow, authority: CertificateAuthority, folder: Path, backend: str
) -> tuple[list[str], Crawled, str]:
    """Play one row; return what is wrong, the crawl, and its line of the table."""
    began = time.monotonic()
    settings = _SETTINGS | row.settings
    async with HostileServer([row], certificates=authority) as server:
        with played_names(server):
            crawled = await crawl(
                starts_of(server, [row]), folder, backend=backend, settings=settings
            )
        wrong = faults_of(row, server, crawled, retries=int(row.settings.get("fetch.retries", "0")))
        line = crawled.lines.get(server.url(row.number))
        asked = server.requests[row.number, row.path]
    took = time.monotonic() - began
    grown = f"{(crawled.growth or 0) / _MIB:.0f} MiB"
    got = ending(line) if line else "nothing"
    words = (row.number, row.does, str(row.expected), got, f"{asked}", f"{took:.1f} s", grown)
    return wrong, crawled, " | ".join(words)


async def play_all(rows: Sequence[FaultRow], backend: str, folder: Path) -> list[str]:
    """Play rows one after another, print the table, and return what is wrong."""
    authority = CertificateAuthority(folder / "authority")
    faults: list[str] = []
    peak = 0
    print("row | the server | expected | got | asked | time | memory")
    with trusted(authority):
        for row in rows:
            place = folder / row.number
            place.mkdir()
            wrong, crawled, line = await play(row, authority, place, backend)
            print(line, flush=True)
            peak = max(peak, crawled.peak or 0)
            faults += [f"{row.number}: {one}" for one in wrong]
    print(f"{len(rows)} rows on {backend}, {len(faults)} faults, peak memory {peak / _MIB:.0f} MiB")
    decided = [row for row in rows if row.decided]
    if decided:
        print("decided otherwise than usual matrices:")
        print("\n".join(f"  {row.number}: {row.decided}" for row in decided))
    return faults


def main() -> int:
    """Play what the command line names and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", metavar="ROW", help="F18; every row by default")
    parser.add_argument("--backend", choices=("asyncio", "threads"), default="asyncio")
    arguments = parser.parse_args()
    rows = [row for row in ROWS if not arguments.numbers or row.number in arguments.numbers]
    unknown = set(arguments.numbers) - {row.number for row in rows}
    if unknown:
        parser.error(f"no row is called {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        faults = asyncio.run(play_all(rows, arguments.backend, Path(folder)))
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
