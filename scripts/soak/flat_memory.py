"""A crawl of very many small pages: its memory is that of what it knows, and no page adds to it.

    python -m scripts.soak.flat_memory [--pages 300000] [--hosts 16] [--robots]

The program as users run it crawls made-up sites from a server on loopback, one page leading to the
next two of its site and back to one that is known, until every page is done; a spider names the
sites one by one. From outside, the size of its
process is noted all along: every 50,000 pages a line says what it is and how large its store is.

What a crawl may grow by is what it knows: `KNOWN` bytes a page, of the seen-set. The kernel's
count of a process is not exact, and neither is what its allocator keeps; `SLACK` is for that. A
line through the last third of the sizes that is steeper is a leak, and ends this with 1. With as
many hosts as `--hosts 100000` each has a few pages and is done with: what it leaves behind, some
`HOST` bytes, is allowed on top.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

from scripts.bench.many_hosts import ManyHosts, Trees, many_hosts

#: Bytes by which the seen-set grows with each URL (`crawler.frontier.seen_set`).
KNOWN = 18
#: Bytes that a host leaves behind which has no work any more (`crawler.engine.host_book`).
HOST = 600
#: Pages below which nothing is to be seen: the database's cache fills, and the seen-set is a dict.
LEAST = 300_000
#: MiB that 100,000 pages may take beyond that.
SLACK = 3.0
_SAY_EVERY = 50_000
_LOOK = 0.25
_MIB = 1 << 20

_CONFIG = """\
version: 1
name: flat
spider: "trees.py:Trees"
args: {{hosts: {hosts}, port: {port}}}
fetch:
  robots: {robots}
  concurrency: 16
  per_host: {{concurrency: 16, delay: 0s, adaptive: false}}
  private_addresses: allow
"""
#: One that names no hosts may go to all of them.
_SPIDER = """\
from crawler import Request, Spider
from scripts.bench.many_hosts import Web


class Trees(Spider):
    name = "trees"

    async def start(self):
        for page in range(self.hosts):
            yield Request(Web(hosts=self.hosts, pages=0, port=self.port).url(page))

    def parse(self, response):
        links = response.css("a::attr(href)").getall()
        yield {"title": response.css("title::text").get(), "links": len(links)}
        for link in links:
            yield response.follow(link)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What was seen at one moment.

    Attributes:
        pages: Asked for so far.
        seconds: Since the first of them.
        resident: Bytes of the process.
        store: Bytes of the job's state on disk.
    """

    pages: int
    seconds: float
    resident: int
    store: int


def growth(sizes: Sequence[Size]) -> float:
    """Return by how many MiB 100,000 pages made the process larger, over the last third."""
    late = [size for size in sizes if size.pages * 3 >= sizes[-1].pages * 2]
    pages, resident = [size.pages for size in late], [size.resident for size in late]
    return linear_regression(pages, resident).slope * 100_000 / _MIB


def allowed(hosts_a_page: float) -> float:
    """Return the MiB by which 100,000 pages may make the process larger."""
    return (KNOWN + HOST * hosts_a_page) * 100_000 / _MIB + SLACK


def crawl(folder: Path, server: ManyHosts, web: Trees, *, robots: bool) -> list[Size]:
    """Crawl every page; return how large the process was meanwhile.

    Raises:
        RuntimeError: It did not come to a good end.
    """
    word = "obey" if robots else "ignore"
    config = _CONFIG.format(hosts=web.hosts, port=web.port, robots=word)
    (folder / "flat.yaml").write_text(config, encoding="utf-8")
    (folder / "trees.py").write_text(_SPIDER, encoding="utf-8")
    command = [sys.executable, "-m", "crawler", "flat.yaml", "-q"]
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(Path.cwd()))))
    server.begin(web.pages)
    sizes: list[Size] = []
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=folder, stdout=errors, stderr=errors, env=os.environ | {"PYTHONPATH": path}
        )
        while process.poll() is None:
            time.sleep(_LOOK)
            _look(process.pid, folder, server, sizes)
    if process.returncode:
        raise RuntimeError((folder / "stderr").read_text("utf-8"))
    return sizes


def _look(pid: int, folder: Path, server: ManyHosts, sizes: list[Size]) -> None:
    """Note what there is, as long as pages come in; say it where it is time to."""
    seen = server.seen()
    before = sizes[-1].pages if sizes else 0
    if seen.pages == before:
        return  # not begun, or at its end: the report is written
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except OSError:
        return  # it has ended
    state = folder / "state" / "flat"
    store = sum(path.stat().st_size for path in state.glob("crawl.sqlite*"))
    size = Size(pages=seen.pages, seconds=seen.last - seen.first, resident=resident, store=store)
    sizes.append(size)
    if before // _SAY_EVERY < size.pages // _SAY_EVERY:
        print(
            f"{size.pages:>10,}{size.seconds:>9.1f}{size.resident / _MIB:>10.1f}"
            f"{size.store / _MIB:>11.1f}",
            flush=True,
        )


def main() -> int:
    """Read the arguments, crawl, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=LEAST)
    parser.add_argument("--hosts", type=int, default=16)
    parser.add_argument("--robots", action="store_true", help="each host's robots.txt is asked for")
    options = parser.parse_args()
    if options.pages < LEAST:
        parser.error(f"fewer than {LEAST:,} pages say nothing: caches are still filling")
    web = Trees(hosts=options.hosts, pages=options.pages)
    with tempfile.TemporaryDirectory(prefix="flat-") as folder, many_hosts(web) as server:
        here = Trees(hosts=options.hosts, pages=options.pages, port=server.port)
        print(f"{'pages':>10}{'seconds':>9}{'RSS MiB':>10}{'store MiB':>11}")
        sizes = crawl(Path(folder), server, here, robots=options.robots)
    last = sizes[-1]
    print(f"{last.pages:,} pages in {last.seconds:.1f} s, {last.pages / last.seconds:,.0f} pages/s")
    grown, most = growth(sizes), allowed(options.hosts / options.pages)
    print(
        f"over the last third 100,000 pages made the process {grown:.1f} MiB larger;"
        f" {most:.1f} are allowed"
    )
    return 1 if grown > most or last.pages < options.pages else 0


if __name__ == "__main__":
    sys.exit(main())
