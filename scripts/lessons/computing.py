"""Lesson 2: does a second core help? Threads against processes on work that only computes.

Run: python -m scripts.lessons.computing [--quick] [--out FOLDER]
"""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

from scripts.lessons.chart import draw, lines
from scripts.lessons.shown import options, print_table
from scripts.lessons.timed import median_of

THREADS, PROCESSES = "2 threads", "2 processes"


def fib(n: int) -> int:
    """Return the nth Fibonacci number, the long way."""
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def twice(n: int) -> None:
    """Compute the number, then once more."""
    for _ in range(2):
        fib(n)


def at_once(pool: Executor, n: int) -> None:
    """Compute the number in both workers of a pool."""
    list(pool.map(fib, [n, n]))


def main() -> None:
    """Measure each way with larger and larger numbers, and show it."""
    chosen = options(__doc__)
    numbers, times = ([16, 17], 1) if chosen.quick else ([30, 31, 32, 33], 3)
    # Not a fork: the copy of a program with threads has their locks, but not the threads.
    processes = ProcessPoolExecutor(2, mp_context=get_context("forkserver"))
    rows: list[tuple[str, ...]] = []
    gains: dict[str, dict[float, float]] = {THREADS: {}, PROCESSES: {}}
    with ThreadPoolExecutor(2) as threads, processes:
        start = median_of(1, at_once, processes, 1).wall
        for n in numbers:
            walls = [median_of(times, twice, n).wall]
            for name, pool in ((THREADS, threads), (PROCESSES, processes)):
                walls.append(median_of(times, at_once, pool, n).wall)
                gains[name][n] = walls[0] / walls[-1]
            seconds = [f"{wall:.2f} s" for wall in walls]
            rows.append((f"fib({n}), twice", *seconds, f"{gains[PROCESSES][n]:.2f}"))
    columns = ("work", "one after another", THREADS, PROCESSES, "gain of processes")
    print_table(columns, rows)
    print(f"\nNew processes gave their first answer after {start * 1000:.0f} ms.")
    title = "Times as fast as one after another"
    draw(chosen.out / "computing.svg", title, lambda axes: lines(axes, gains, "n of fib(n)"))


if __name__ == "__main__":
    main()
