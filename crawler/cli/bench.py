"""`crawler bench`: what a page costs on this machine."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from typing import TYPE_CHECKING

from crawler.cli.printing import put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crawler.app.bench.bench import Result, Turn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take how the crawler is to run, and how often."""
    parser.add_argument(
        "--rounds", type=_count, default=3, metavar="N",
        help="turns of the crawler and the bare loop (default: 3, about 20 s)",
    )  # fmt: skip
    parser.add_argument("--backend", choices=("asyncio", "threads"), default="asyncio")
    parser.add_argument(
        "--workers", type=_count, default=1, metavar="N", help="worker processes (default: 1)"
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 100):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 100")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Measure and print; return 0, or 1 if a run did not do what it should."""
    from crawler.app.bench.bench import BenchError, Wanted, bench

    wanted = Wanted(rounds=options.rounds, backend=options.backend, workers=options.workers)
    try:
        result = bench(wanted, lambda line: sys.stderr.write(f"{line}\n"))
    except BenchError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    put(lines(result))
    return 0


def lines(result: Result) -> Iterator[str]:
    """Yield what is printed of a result."""
    web = result.web
    yield f"CPython {platform.python_version()}, {os.cpu_count()} cores"
    yield f"{web.pages:,} pages, {web.links:,} links, {web.bytes / 1e6:.1f} MB, from this machine"
    yield f"{'':12}{'pages/s':>10}{'CPU ms a page':>16}"
    for name, turns in (("crawler", result.ours), ("bare loop", result.bare)):
        yield _row(name, turns, web.pages)
    yield f"the crawler takes {result.cpu_ratio():.2f} times the CPU of the bare loop, which keeps"
    yield "nothing safe: no robots.txt, no retry, no limit, and all is lost when it is killed"
    yield f"writing its state and its items had {result.durability():.0%} of the crawler's CPU"
    cause, share = result.limited_by()
    if cause:
        yield f"limited by {cause} {share:.0%} of the time"
    yield f"medians of {len(result.ours)} in turns, start-up included; all of it shares the cores"


def _row(name: str, turns: Sequence[Turn], pages: int) -> str:
    rate = pages / statistics.median(turn.seconds for turn in turns)
    cpu = statistics.median(turn.cpu for turn in turns) / pages * 1000
    return f"{name:12}{rate:>10,.0f}{cpu:>16.2f}"
