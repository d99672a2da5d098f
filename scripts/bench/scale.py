"""What it costs to know much: memory, pages a second and the way to the first page, by known URLs.

    python -m scripts.bench.scale [--known 100000 1000000 10000000] [--pages 4000] [--runs 3]

A job's store is filled through its own API, as a crawl would do it, from one size to the next. At
each size the job is gone on with by the program as users run it: first as after a kill, then as
after an interruption. It fetches a slice of the web from a server on loopback, each page with 50
links: 30 near it, 10 all over what is known, 10 new; then it is interrupted. Printed are

* ready: seconds from the start of the process to the first page asked for,
* pages/s, measured at the server from the first to the last page of the slice,
* the peak of the process's memory, its end and its report of every URL included,
* seconds that it took to end: `urls.jsonl.gz` has a line for every known URL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from crawler.app.job.policies import canonical_of
from crawler.app.job.settings_change import settings_of
from crawler.cli.collector import settle
from crawler.clock import SystemClock
from crawler.config.load import load_job
from crawler.interfaces import Batch, Grant, PageCommit, RunStart
from crawler.outcome import LinkBatch
from crawler.storage.slot_file import SlotFile
from crawler.storage.sqlite_store import SqliteStore
from scripts.bench.many_hosts import ManyHosts, Web, address, many_hosts

_CONFIG = """\
version: 1
name: scale
start: ["{start}"]
scope: {{hosts: {hosts}}}
fetch:
  robots: ignore
  concurrency: 16
  per_host: {{concurrency: 4, delay: 0s, adaptive: false}}
"""
_LINKS_PER_PAGE = 100
_PAGES_PER_BATCH = 50
#: Seconds after which a run that fetched too little is given up.
_PATIENCE = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run showed."""

    ready: float
    pages_per_s: float
    cpu: float
    peak_mib: float
    ending: float


class Job:
    """A job in a folder, and its store.

    Args:
        folder: Where.
        web: What it crawls.
    """

    def __init__(self, folder: Path, web: Web) -> None:
        self.folder = folder
        self.config = folder / "scale.yaml"
        self._web = web
        hosts = json.dumps([f"{address(host)}:{web.port}" for host in range(web.hosts)])
        self.config.write_text(_CONFIG.format(start=web.url(0), hosts=hosts), encoding="utf-8")
        self.state = folder / "state" / "scale"
        self.state.mkdir(parents=True)

    def fill(self, known: int) -> float:
        """Have the store know so many URLs; leave it as a kill would. Returns rows a second."""
        return asyncio.run(self._fill(known))

    async def _fill(self, known: int) -> float:
        loaded = load_job(self.config, environ={})
        store = SqliteStore(
            self.state / "crawl.sqlite", canonical=canonical_of(loaded.job),
            durability="process", slots=SlotFile(self.state / "running.slots"),
        )  # fmt: skip
        await store.open()
        opened = await store.begin(
            RunStart(
                mode="auto", run_id="20260101-000000-bench", now=SystemClock().wall(),
                settings=settings_of(loaded.values, loaded.secrets, None),
                config=str(self.config),
            )
        )  # fmt: skip
        held, began = store.books().known, time.perf_counter()
        while store.books().known < known:
            await self._add(store, opened.grant, known)
        await store.abandon()
        return (known - held) / max(1e-9, time.perf_counter() - began)

    async def _add(self, store: SqliteStore, grant: Grant, known: int) -> None:
        """Commit a batch of pages whose links are one in five known, as a crawl finds them."""
        first, web, pages = store.books().known, self._web, []
        for _ in range(_PAGES_PER_BATCH):
            end = min(known, first + _LINKS_PER_PAGE * 4 // 5)
            old = range(max(0, first - _LINKS_PER_PAGE // 5), first)
            urls = [web.url(page) for page in (*old, *range(first, end))]
            pages.append(PageCommit(id=0, links=[LinkBatch(urls)]))
            first = end
        await store.commit(grant, Batch(pages=pages), lambda: ())

    def run(self, server: ManyHosts, known: int, pages: int) -> Run:
        """Go on with the job until it fetched so many pages, then interrupt it."""
        server.begin(known)
        began = time.monotonic()
        command = [sys.executable, "-m", "crawler", str(self.config), "-q", "--resume"]
        with (self.folder / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
            )
            while (seen := server.seen()).pages < pages:
                time.sleep(0.02)
                if process.poll() is not None or time.monotonic() - began > _PATIENCE:
                    process.kill()
                    raise RuntimeError((self.folder / "stderr").read_text("utf-8"))
            stopped = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return Run(
            ready=seen.first - began, pages_per_s=seen.pages / (seen.last - seen.first),
            cpu=usage.ru_utime + usage.ru_stime, peak_mib=usage.ru_maxrss / 1024,
            ending=time.monotonic() - stopped,
        )  # fmt: skip


def _row(name: str, run: Run) -> str:
    return (
        f"{name:>24}{run.ready:>9.2f}{run.pages_per_s:>10.0f}{run.cpu:>8.1f}"
        f"{run.peak_mib:>10.0f}{run.ending:>9.1f}"
    )


def _median(runs: list[Run]) -> Run:
    return Run(
        ready=statistics.median(run.ready for run in runs),
        pages_per_s=statistics.median(run.pages_per_s for run in runs),
        cpu=statistics.median(run.cpu for run in runs),
        peak_mib=statistics.median(run.peak_mib for run in runs),
        ending=statistics.median(run.ending for run in runs),
    )


def measure(sizes: list[int], pages: int, runs: int, hosts: int) -> None:
    """Measure at each size, and print."""
    with (
        tempfile.TemporaryDirectory(prefix="scale-") as name,
        many_hosts(Web(hosts=hosts, pages=1)) as server,
    ):
        job = Job(Path(name), Web(hosts=hosts, pages=max(sizes), port=server.port))
        heads = ("ready s", 9), ("pages/s", 10), ("CPU s", 8), ("peak MiB", 10), ("ending s", 9)
        print(f"{'known URLs':>24}" + "".join(f"{head:>{width}}" for head, width in heads))
        for known in sorted(sizes):
            rate = job.fill(known)
            disk = (job.state / "crawl.sqlite").stat().st_size
            print(_row(f"{known:,} after a kill", job.run(server, known, pages)), flush=True)
            again = [job.run(server, known, pages) for _ in range(runs)]
            print(_row("medians", _median(again)))
            filled = f"filled at {rate:,.0f} rows/s, {disk / known:.0f} bytes a row"
            print(f"{'':>24} {filled}", flush=True)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--known", type=int, nargs="+", default=[10**5, 10**6, 10**7])
    parser.add_argument("--pages", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--hosts", type=int, default=256)
    options = parser.parse_args()
    settle()  # as the command line does
    measure(options.known, options.pages, options.runs, options.hosts)


if __name__ == "__main__":
    main()
