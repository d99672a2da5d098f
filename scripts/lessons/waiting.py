"""Lesson 1: what to do while a server thinks? Wait, start threads, keep a pool, or run a loop.

Run: python -m scripts.lessons.waiting [--quick] [--out FOLDER]
"""

from __future__ import annotations

import asyncio

from scripts.lessons.chart import bars, draw
from scripts.lessons.fetching import AT_ONCE, in_a_loop, in_a_pool, in_threads, one_after_another
from scripts.lessons.shown import options, print_table
from scripts.lessons.slow_server import LATENCY, slow_server
from scripts.lessons.timed import median_of

IDEAL = AT_ONCE / LATENCY


def main() -> None:
    """Measure each way, and show it."""
    chosen = options(__doc__)
    few, many, times = (2, 100, 1) if chosen.quick else (10, 1_500, 3)
    ways = {
        "one after another": (one_after_another, few),
        "a thread a page, 100 at a time": (in_threads, many),
        "a pool of 100 threads": (in_a_pool, many),
        "asyncio, 100 connections": (lambda urls: asyncio.run(in_a_loop(urls)), many),
    }
    rows, speeds = [], {}
    with slow_server() as url:
        for name, (way, pages) in ways.items():
            urls = [url] * pages
            spent = median_of(times, way, urls)
            speeds[name] = pages / spent.wall
            cpu = spent.cpu / pages * 1e6
            rows.append(
                (name, f"{speeds[name]:,.0f}", f"{speeds[name] / IDEAL:.0%}", f"{cpu:,.0f}")
            )
    print_table(("way", "pages/s", f"of the ideal {IDEAL:,.0f}", "CPU µs a page"), rows)
    draw(
        chosen.out / "waiting.svg",
        f"Pages a second, each answered after {LATENCY * 1000:.0f} ms",
        lambda axes: bars(axes, speeds, "{:,.0f}"),
    )


if __name__ == "__main__":
    main()
