"""One crawl of all rows of the fault matrix at once, beside hosts that are healthy.

    python -m scripts.soak.all_faults [--backend asyncio|threads] [--hosts 50] [--pages 20]

The crawler is a process of its own, so that its memory is its own; the server is this one. Prints
of each row how it had to end and how it ended, and of the healthy hosts whether they were crawled
in full, and the longest time between one answer and the next request. Exits with 1 if anything is
not as it must be.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from crawler.outcome import ErrorClass, State
from crawler.policy.retry import is_final
from crawler.testing.authority import CertificateAuthority
from crawler.testing.faults.matrix import ROWS
from crawler.testing.faults.play import anchors, html
from crawler.testing.faults.row import Expected, FaultRow
from crawler.testing.faults.traps import RULE
from crawler.testing.hostile_server import HostileServer
from crawler.testing.raw_server import Exchange
from scripts.soak.fault_crawl import Crawled, ending, faults_of, starts_of

_MIB = 1024 * 1024
HOW = ("-m", "scripts.soak.fault_process")
#: One for what rows do once, and one for what a busy machine does.
RETRIES = 2
#: What all rows of one crawl share. Rows that need anything else are crawled alone.
SHARED = {
    "scope.follow": "true", "fetch.robots": "obey", "fetch.retries": "1",
    "fetch.max_body": "8MiB", "extract": RULE,
}  # fmt: skip
_FETCH = {
    "timeout": "2s", "deadline": "5s", "retries": RETRIES, "concurrency": 64,
    "per_host": {"delay": "0s", "adaptive": False},
}  # fmt: skip

#: Bytes of memory, and seconds between an answer and the next request of a healthy host.
MOST_MEMORY = 300 * _MIB
LONGEST_GAP = 1.0
_LIMIT = 300.0


@dataclass
class Healthy:
    """Hosts with a page that links to all others; when each was asked, and answered.

    Attributes:
        hosts: Their number.
        pages: Of each.
        gaps: Seconds from each answer to the next request of its host.
    """

    hosts: int = 50
    pages: int = 20
    gaps: list[float] = field(default_factory=list)
    _answered: dict[str, float] = field(default_factory=dict)

    async def play(self, exchange: Exchange) -> None:
        """Answer as a healthy host does."""
        loop, host = asyncio.get_running_loop(), exchange.fields["host"]
        if host in self._answered:
            self.gaps.append(loop.time() - self._answered[host])
        links = anchors(*(f"/p{n}" for n in range(1, self.pages))) if exchange.path == "/" else ""
        await exchange.send(html(links, title=f"{host}{exchange.path}"))
        self._answered[host] = loop.time()


@dataclass(frozen=True)
class AllCrawled:
    """What came of one crawl of all.

    Attributes:
        faults: What is not as it must be, in words.
        table: A line for each row.
        peak: Bytes of memory of the crawler at its highest.
        gap: The longest gap of a healthy host, in seconds.
        took: Seconds of the whole.
    """

    faults: list[str]
    table: list[str]
    peak: int
    gap: float
    took: float


def rows_together(without: Collection[str] = ()) -> list[FaultRow]:
    """Return the rows that can be crawled at once, as they end in company.

    Args:
        without: Numbers of rows to leave out.
    """
    rows = [row for row in ROWS if row.settings.items() <= SHARED.items()]
    rows = [row for row in rows if row.number not in without]
    return [_in_company(row) for row in rows]


def _in_company(row: FaultRow) -> FaultRow:
    """Return a row as it ends where robots.txt is asked for first, and with other items."""
    expected = row.expected
    if not row.has_after and not row.plays_robots:
        kind = ErrorClass(expected.reason or "")
        if not is_final(kind):
            expected = Expected(State.DEAD, ErrorClass.ROBOTS_UNREACHABLE)
    # On a busy machine any request may be one that is tried twice.
    most = None if row.most is None else row.most * (RETRIES + 1)
    tries = row.tries * (RETRIES + 1)
    return msgspec.structs.replace(row, expected=expected, gives={}, tries=tries, most=most)


async def crawl_all(
    rows: Sequence[FaultRow],
    folder: Path,
    *,
    backend: str,
    healthy: Healthy,
    authority: CertificateAuthority,
) -> AllCrawled:
    """Crawl rows and the healthy hosts in one job; all files go into a folder."""
    loop = asyncio.get_running_loop()
    async with HostileServer(
        rows, certificates=authority, script=healthy.play, good_hosts=healthy.hosts
    ) as server:
        places = folder / "places.json"
        places.write_text(json.dumps({row.number: server.address(row.number) for row in rows}))
        config = folder / "faults.yaml"
        config.write_text(json.dumps(_document(server, rows, healthy, backend)))
        began = loop.time()
        process = await asyncio.create_subprocess_exec(
            sys.executable, *HOW, str(places), str(config),
            "--fresh", "-q", "--dir", str(folder),
            env=os.environ | {"SSL_CERT_FILE": str(authority.root)},
            stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(_LIMIT):
            _, said = await process.communicate()
        took = loop.time() - began
        code = process.returncode or 0
        reports = sorted((folder / "reports" / "faults").glob("*/summary.json"))
        if not reports:
            return AllCrawled([f"exit {code}: {said.decode()[-2000:]}"], [], 0, 0.0, took)
        crawled = _read(reports[-1].parent, folder, code)
        faults = [] if code == 0 else [f"exit {code}: {said.decode()[-2000:]}"]
        table = []
        for row in rows:
            wrong = faults_of(row, server, crawled, retries=RETRIES)
            faults += [f"{row.number}: {one}" for one in wrong]
            line = crawled.lines.get(server.url(row.number))
            got = ending(line) if line else "nothing"
            table.append(f"{row.number} | {row.does} | {row.expected} | {got}")
        faults += _unhealthy(server, crawled, healthy)
    peak, gap = crawled.peak or 0, max(healthy.gaps, default=0.0)
    return AllCrawled(faults, table, peak, gap, took)


def _document(
    server: HostileServer, rows: Sequence[FaultRow], healthy: Healthy, backend: str
) -> dict[str, Any]:
    start = starts_of(server, rows)
    start["urls"] += [server.good_url(n) for n in range(healthy.hosts)]
    return {
        "version": 1, "name": "faults", "start": start,
        "fetch": _FETCH | {"max_body": SHARED["fetch.max_body"]},
        "run": {"backend": backend}, "extract": _RULE_MAP,
        "checks": {"max_failed": "100%"},
        "output": [{"path": "items.jsonl", "mode": "replace"}],
    }  # fmt: skip


#: `RULE` as a document.
_RULE_MAP = [
    {
        "item": "Page",
        "url": "re:^/(?!trap/)",
        "fields": {"url": {"value": "{url}"}, "title": {"css": "title::text"}},
    }
]


def _read(report: Path, folder: Path, code: int) -> Crawled:
    summary = json.loads((report / "summary.json").read_bytes())
    books = gzip.decompress((report / "urls.jsonl.gz").read_bytes())
    lines = [json.loads(one) for one in books.splitlines()]
    found = folder / "items.jsonl"
    pages = [json.loads(one) for one in found.read_bytes().splitlines()] if found.exists() else []
    return Crawled(
        code, summary, {line["url"]: line for line in lines},
        {page["url"]: page for page in pages}, None, summary["peak_rss_bytes"],
    )  # fmt: skip


def _unhealthy(server: HostileServer, crawled: Crawled, healthy: Healthy) -> list[str]:
    """Return what is missing of the healthy hosts."""
    paths = ["/", *(f"/p{n}" for n in range(1, healthy.pages))]
    wrong = []
    for n in range(healthy.hosts):
        urls = [server.good_url(n, path) for path in paths]
        missing = [
            url for url in urls
            if crawled.pages.get(url, {}).get("title") != url.removeprefix("http://")
        ]  # fmt: skip
        if missing:
            wrong.append(f"healthy host {n}: {len(missing)} pages missing, {missing[0]} for one")
    return wrong


def main() -> int:
    """Crawl as the command line says and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=("asyncio", "threads"), default="asyncio")
    parser.add_argument("--hosts", type=int, default=50, help="healthy ones")
    parser.add_argument("--pages", type=int, default=20, help="of each of them")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        authority = CertificateAuthority(Path(name) / "authority")
        healthy = Healthy(arguments.hosts, arguments.pages)
        made = asyncio.run(
            crawl_all(
                rows_together(),
                Path(name),
                backend=arguments.backend,
                healthy=healthy,
                authority=authority,
            )
        )
    print("row | the server | expected | got", *made.table, sep="\n")
    print(
        f"{len(made.table)} rows and {healthy.hosts} healthy hosts on {arguments.backend}:"
        f" {len(made.faults)} faults, {made.took:.0f} s, peak memory {made.peak / _MIB:.0f} MiB,"
        f" longest gap of a healthy host {made.gap:.2f} s"
    )
    if made.peak > MOST_MEMORY:
        made.faults.append(f"more memory than {MOST_MEMORY / _MIB:.0f} MiB")
    if made.gap > LONGEST_GAP:
        made.faults.append(f"a healthy host was left alone for more than {LONGEST_GAP} s")
    print(*made.faults, sep="\n", file=sys.stderr)
    return 1 if made.faults else 0


if __name__ == "__main__":
    sys.exit(main())
