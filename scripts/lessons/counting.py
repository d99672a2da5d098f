"""Lesson 3: what does a lock protect? One number that four threads raise.

Run: python -m scripts.lessons.counting [--quick] [--out FOLDER]
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from threading import Thread

from scripts.lessons.chart import bars, draw
from scripts.lessons.counters import Counter, bare, each_its_own, with_a_call, with_a_lock
from scripts.lessons.shown import options, print_table
from scripts.lessons.timed import median_of

THREADS = 4
Way = Callable[[Counter, int], None]


def count(way: Way, times: int, ends: list[int]) -> None:
    """Count in four threads at once; add to a list what the counter shows in the end."""
    counter = Counter()
    threads = [Thread(target=way, args=(counter, times)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends.append(counter.value)


def main() -> None:
    """Count in each way, and show what is lost."""
    chosen = options(__doc__)
    each, times = (20_000, 1) if chosen.quick else (250_000, 5)
    usual = sys.getswitchinterval()
    ways: dict[str, tuple[Way, float]] = {
        "value += 1": (bare, usual),
        "value = plus_one(value)": (with_a_call, usual),
        "the same, a switch every 10 µs": (with_a_call, 1e-5),
        "the same, under a lock": (with_a_lock, usual),
        "each thread for itself, one sum": (each_its_own, usual),
    }
    rows, lost = [], {}
    for name, (way, interval) in ways.items():
        sys.setswitchinterval(interval)
        ends: list[int] = []
        spent = median_of(times, count, way, each, ends)
        lost[name] = 1 - statistics.median(ends) / (THREADS * each)
        cost = spent.wall / (THREADS * each) * 1e9
        rows.append((name, f"{lost[name]:.0%}", f"{cost:,.0f}"))
    print_table(("way", "lost", "ns a step"), rows)
    draw(chosen.out / "counting.svg", "Updates lost", lambda axes: bars(axes, lost, "{:.0%}"))


if __name__ == "__main__":
    main()
