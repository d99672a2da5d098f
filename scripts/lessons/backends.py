"""Lesson 5: which backend when? One loop against a pool of threads, at more and more connections.

Run: python -m scripts.lessons.backends [--quick] [--out FOLDER]
"""

from __future__ import annotations

from scripts.lessons.chart import draw, lines
from scripts.lessons.clients import in_a_loop, in_threads
from scripts.lessons.shown import options, print_table
from scripts.lessons.slow_server import LATENCY, slow_server
from scripts.lessons.timed import median_of

WAYS = {"asyncio": in_a_loop, "threads": in_threads}


def main() -> None:
    """Measure both at each number of connections, and show it."""
    chosen = options(__doc__)
    sizes = {5: 10, 10: 20} if chosen.quick else {10: 50, 100: 1_000, 500: 4_000}
    times = 1 if chosen.quick else 3
    rows: list[tuple[str, ...]] = []
    speeds: dict[str, dict[float, float]] = {name: {} for name in WAYS}
    with slow_server() as url:
        for connections, pages in sizes.items():
            for name, way in WAYS.items():
                spent = median_of(times, way, url, pages, connections)
                speed = speeds[name][connections] = pages / spent.wall
                share, cpu = speed * LATENCY / connections, spent.cpu / pages * 1e6
                rows.append(
                    (f"{connections}, {name}", f"{speed:,.0f}", f"{share:.0%}", f"{cpu:,.0f}")
                )
    print_table(("connections", "pages/s", "of the ideal", "CPU µs a page"), rows)
    speeds["ideal"] = {connections: connections / LATENCY for connections in sizes}
    title = f"Pages a second, each answered after {LATENCY * 1000:.0f} ms"
    draw(chosen.out / "backends.svg", title, lambda axes: lines(axes, speeds, "connections"))


if __name__ == "__main__":
    main()
