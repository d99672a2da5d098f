"""A server that takes its time for each page: how near a crawl comes to what its connections allow.

    python -m scripts.bench.latency [--urls 20000] [--connections 100] [--latency 0.1] [--rounds 5]
        [--only NAME...]

With C connections and L seconds a page nobody can have more than C / L pages a second. Measured at
the server, from the first request to the last answer. Both backends of the crawler, with all that
they keep of each page, beside programs that keep nothing: aiohttp alone, `requests` in a pool of
threads, and `requests` in a loop, which gets a hundredth of the pages so that it ends this week.
The rounds take turns; the figures are medians.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.bench.measured import run_measured
from scripts.bench.slow_pages import LATENCY, Seen, SlowPages, slow_pages

CLIENTS = str(Path(__file__).with_name("latency_clients.py"))
_CONFIG = """\
name: latency
start: {{from_file: urls.txt}}
scope: {{hosts: ["127.0.0.1:{port}"], follow: false}}
fetch:
  robots: ignore
  concurrency: {connections}
  per_host: {{delay: 0s, concurrency: {connections}, adaptive: false}}
run: {{backend: {backend}, threads: {connections}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is to be fetched."""

    port: int
    pages: int
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One run of one program."""

    seen: Seen
    cpu: float

    @property
    def rate(self) -> float:
        """Pages a second."""
        return self.seen.pages / self.seen.seconds


def crawl(backend: str, load: Load) -> float:
    """Crawl once; return its CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="latency-") as name:
        folder = Path(name)
        lines = (f"http://127.0.0.1:{load.port}/{number}\n" for number in range(load.pages))
        (folder / "urls.txt").write_text("".join(lines), encoding="utf-8")
        text = _CONFIG.format(port=load.port, connections=load.connections, backend=backend)
        (folder / "latency.yaml").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "crawler", "latency.yaml", "-q"]
        return run_measured(command, folder=folder).cpu


def client(name: str, load: Load) -> float:
    """Run another program once; return its CPU seconds."""
    numbers = [str(number) for number in (load.port, load.pages, load.connections)]
    with tempfile.TemporaryDirectory(prefix="latency-") as folder:
        return run_measured([sys.executable, CLIENTS, name, *numbers], folder=Path(folder)).cpu


PROGRAMS: dict[str, Callable[[Load], float]] = {
    "asyncio": partial(crawl, "asyncio"),
    "threads": partial(crawl, "threads"),
    "aiohttp alone": partial(client, "bare"),
    "requests in threads": partial(client, "pool"),
    "requests in a loop": partial(client, "one"),
}


def run_round(name: str, server: SlowPages, pages: int, connections: int) -> Round:
    """Run a program once."""
    if name == "requests in a loop":
        pages, connections = max(1, pages // 100), 1
    load = Load(port=server.port, pages=pages, connections=connections)
    cpu = PROGRAMS[name](load)
    seen = server.seen()
    if seen.pages != pages:
        raise RuntimeError(f"{name}: {seen.pages} answers for {pages} pages")
    return Round(seen=seen, cpu=cpu)


def tell(found: dict[str, list[Round]], ideal: float) -> None:
    """Print the table."""
    held = statistics.mean(
        one.seen.held / one.seen.pages for rounds in found.values() for one in rounds
    )
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f}; the server held a request {held * 1000:.1f} ms"
    )
    print(f"{'':22}{'pages':>8}{'seconds':>10}{'pages/s':>10}{'of ideal':>10}{'CPU us/page':>13}")
    for name, rounds in found.items():
        pages = rounds[0].seen.pages
        seconds = statistics.median(one.seen.seconds for one in rounds)
        rate = statistics.median(one.rate for one in rounds)
        cpu = statistics.median(one.cpu for one in rounds) / pages * 1e6
        share = f"{rate / ideal:.3f}"
        print(f"{name:22}{pages:>8}{seconds:>10.2f}{rate:>10.0f}{share:>10}{cpu:>13.0f}")


def main() -> int:
    """Measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--urls", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--latency", type=float, default=LATENCY, help="seconds, 0.1 if not given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    args = parser.parse_args()
    wanted = list(args.only)
    if importlib.util.find_spec("requests") is None and any("requests" in one for one in wanted):
        print("left out what needs requests; `pip install requests` brings it")
        wanted = [one for one in wanted if "requests" not in one]
    found: dict[str, list[Round]] = {name: [] for name in wanted}
    with slow_pages(latency=args.latency) as server:
        for _ in range(args.rounds):
            for name, rounds in found.items():
                rounds.append(run_round(name, server, args.urls, args.connections))
    tell(found, args.connections / args.latency)
    return 0


if __name__ == "__main__":
    sys.exit(main())
