"""Tries to reach a loopback decoy in every spelling, by every way into a crawl, on both backends.

    python -m scripts.soak.address_guard [--backend asyncio|threads]

Prints, for each way, how many spellings were tried, how many of them came to a request that the
guard refused, and how many connections the decoy saw, which must be none. The last line is the
control: with `private_addresses: allow` the same links do reach it. Exits with 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import io
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.spider_set import user_spider
from crawler.app.run.options import RunOptions
from crawler.app.run.run_job import JobRun
from crawler.app.run.streams import Streams
from crawler.clock import SystemClock
from crawler.config.load import load_job
from crawler.outcome import ErrorClass
from crawler.testing.raw_server import Exchange, RawServer
from scripts.soak.decoy import Decoy, addresses_of
from scripts.soak.decoy_sources import WAYS, Trap, write_job
from scripts.soak.told_names import told_names

_CONTROL: dict[str, object] = {"fetch.private_addresses": "allow"}


@dataclass(frozen=True)
class Tried:
    """What came of one way.

    Attributes:
        tried: Spellings.
        refused: Requests that ended at the guard.
        reached: Connections to the decoy.
        urls: Of all requests on the books.
    """

    tried: int
    refused: int
    reached: int
    urls: tuple[str, ...] = ()


async def try_way(
    name: str, folder: Path, backend: str, *, guarded: bool = True, others: Sequence[str] = ()
) -> Tried:
    """Crawl a site that leads to the decoy by one way.

    Args:
        name: Of the way.
        folder: For the job; empty.
        backend: `run.backend`.
        guarded: False lets every address be reached.
        others: URLs to lead to instead of the decoy's.
    """
    trap: Trap | None = None

    async def play(exchange: Exchange) -> None:
        assert trap is not None
        await trap.play(exchange)

    async with Decoy() as decoy, RawServer(play) as site:
        trap = Trap(decoy, site, folder, others=others)
        config = write_job(trap, WAYS[name], backend, {} if guarded else _CONTROL)
        with told_names(addresses_of):
            lines = await crawl_books(config, folder)
        refused = sum(ErrorClass.ADDRESS in str(line.get("reason")) for line in lines)
        refused += sum("private address" in str(line.get("error")) for line in lines
                       if line.get("reason") != ErrorClass.ADDRESS)  # fmt: skip
        urls = tuple(str(line["url"]) for line in lines)
        return Tried(len(trap.urls), refused, decoy.reached, urls)


async def crawl_books(config: Path, folder: Path) -> list[dict[str, object]]:
    """Run a job to its end; return the lines of its books."""
    loaded = load_job(config, environ={})
    paths = JobPaths(folder, loaded.job.name)
    paths.state.mkdir(parents=True)
    options = RunOptions(base=folder, mode="fresh", output="-", level=-1, signals=False)
    run = JobRun(loaded, options, Streams(io.BytesIO(), io.StringIO()), paths, SystemClock())
    await run.run(user_spider(loaded), "asyncio")
    report = paths.newest_report()
    assert report is not None
    raw = gzip.decompress((report / "urls.jsonl.gz").read_bytes())
    return [json.loads(line) for line in raw.splitlines()]


async def try_all(backend: str, folder: Path) -> int:
    """Try every way, print the table, and return how many connections were made."""
    reached = 0
    for number, name in enumerate(WAYS):
        place = folder / f"{backend}{number}"
        place.mkdir()
        tried = await try_way(name, place, backend)
        reached += tried.reached
        row = (backend, name, f"{tried.tried}", f"{tried.refused}", f"{tried.reached}")
        print(" | ".join(row), flush=True)
    return reached


async def control(backend: str, folder: Path) -> int:
    """Show that the decoy can be reached by links; return how often it was."""
    place = folder / f"{backend}-control"
    place.mkdir()
    tried = await try_way("links", place, backend, guarded=False)
    row = (backend, "control: links, all allowed", f"{tried.tried}", "-", f"{tried.reached}")
    print(" | ".join(row), flush=True)
    return tried.reached


async def main_of(backends: list[str]) -> int:
    """Try all on some backends; return the exit code."""
    print("backend | way | spellings | refused by the guard | reached")
    reached, works = 0, True
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        for backend in backends:
            reached += await try_all(backend, Path(folder))
            works &= await control(backend, Path(folder)) > 0
    print(f"the decoy was reached {reached} times")
    return 1 if reached or not works else 0


def main() -> int:
    """Try what the command line names and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=("asyncio", "threads"))
    arguments = parser.parse_args()
    backends = [arguments.backend] if arguments.backend else ["asyncio", "threads"]
    return asyncio.run(main_of(backends))


if __name__ == "__main__":
    sys.exit(main())
