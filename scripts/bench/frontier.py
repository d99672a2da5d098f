"""Measure the frontier: inserts and takes per second, bytes per row on disk and in memory.

    python -m scripts.bench.frontier [--rows 1000000] [--hosts 1000]

Each page of the simulated crawl gives 100 links, every fifth of them known; 100 pages make a
batch. Times are wall-clock of the store's whole path: fingerprint, seen-set, transaction.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

from crawler.cli.collector import settle
from crawler.interfaces import Batch, PageCommit, RunStart
from crawler.outcome import LinkBatch, State
from crawler.storage.slot_file import SlotFile
from crawler.storage.sqlite_store import SqliteStore
from crawler.urls import CanonicalRules

LINKS_PER_PAGE = 100
PAGES_PER_BATCH = 100


def links_of(page: int, hosts: int) -> list[str]:
    """Return a page's links: four in five are new."""
    fresh = LINKS_PER_PAGE * 4 // 5
    first = page * fresh
    numbers = [*range(first, first + fresh), *range(max(0, first - LINKS_PER_PAGE + fresh), first)]
    return [f"https://host{n % hosts}.example/section/{n // 1000}/page-{n}.html" for n in numbers]


async def insert(store: SqliteStore, rows: int, hosts: int) -> float:
    """Fill the store; return seconds."""
    opened = await store.begin(RunStart(mode="fresh", run_id="bench", settings=b"", now=0.0))
    spent, page = 0.0, 0
    while store.books().known < rows:
        pages = [
            PageCommit(id=0, links=[LinkBatch(links_of(page + i, hosts))])
            for i in range(PAGES_PER_BATCH)
        ]
        page += PAGES_PER_BATCH
        begun = time.perf_counter()
        await store.commit(opened.grant, Batch(pages=pages), lambda: ())
        spent += time.perf_counter() - begun
    return spent


async def take_and_end(store: SqliteStore, hosts: int, count: int) -> tuple[float, float]:
    """Take rows host by host and end them; return seconds of each."""
    opened = await store.begin(RunStart(mode="resume", run_id="bench", settings=b"", now=0.0))
    taking = ending = 0.0
    taken = 0
    for host in list(opened.pending):
        begun = time.perf_counter()
        rows = await store.take(opened.grant, host, 512, frozenset())
        middle = time.perf_counter()
        ends = [PageCommit(id=r.id, key=r.key, state=State.DONE, fetched=True) for r in rows]
        await store.commit(opened.grant, Batch(pages=ends), lambda: ())
        taking += middle - begun
        ending += time.perf_counter() - middle
        taken += len(rows)
        if taken >= count:
            break
    return taken / taking, taken / ending


async def measure(rows: int, hosts: int) -> None:
    """Run the whole measurement and print it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crawl.sqlite"

        def store() -> SqliteStore:
            slots = SlotFile(Path(folder) / "slots")
            return SqliteStore(path, canonical=CanonicalRules(), durability="process", slots=slots)

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        first = store()
        await first.open()
        seconds = await insert(first, rows, hosts)
        known = first.books().known
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        await first.close(finished=False)
        disk = path.stat().st_size / known
        again = store()
        begun = time.perf_counter()
        await again.open()
        takes, ends = await take_and_end(again, hosts, min(200_000, known // 2))
        await again.close(finished=False)
        print(f"rows {known:,} over {hosts:,} hosts")
        print(f"inserts/s {known / seconds:,.0f}   takes/s {takes:,.0f}   ends/s {ends:,.0f}")
        print(f"bytes a row: {disk:.0f} on disk, {grown * 1024 / known:.0f} in memory (RSS grown)")
        print(f"open to taken {time.perf_counter() - begun:.1f} s")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--hosts", type=int, default=1_000)
    options = parser.parse_args()
    settle()  # as the command line does
    asyncio.run(measure(options.rows, options.hosts))


if __name__ == "__main__":
    main()
