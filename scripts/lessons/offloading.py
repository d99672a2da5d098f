"""Lesson 4: when does it pay to hand work on? Inline, to threads, to processes, in batches.

Run: python -m scripts.lessons.offloading [--quick] [--out FOLDER]
"""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context

from scripts.lessons.chart import draw, lines
from scripts.lessons.loop_lag import Took, medians_of
from scripts.lessons.shown import options, print_table
from scripts.lessons.tasks import AT_ONCE, handed_on, inline, rounds_a_ms
from scripts.lessons.timed import break_even

BATCH = 10
SLICE = BATCH * AT_ONCE
WAYS = ("inline", "2 threads", "2 processes", f"batches of {BATCH}")


def compared(rounds: int, count: int, pools: list[Executor], times: int) -> list[Took]:
    """Do the same work in each of the ways."""
    handed = [partial(handed_on, rounds, count, pool) for pool in pools]
    in_batches = partial(handed_on, rounds, count, pools[-1], BATCH)
    return medians_of(times, [partial(inline, rounds, count), *handed, in_batches])


def main() -> None:
    """Measure tasks of many lengths, and show from where on it pays."""
    chosen = options(__doc__)
    lengths, times = ([0.1, 0.3], 1) if chosen.quick else ([0.03, 0.1, 0.3, 1, 3, 20], 5)
    rows: list[list[str]] = []
    gains: dict[str, dict[float, float]] = {name: {} for name in WAYS}
    processes = ProcessPoolExecutor(2, mp_context=get_context("forkserver"))
    with ThreadPoolExecutor(2) as threads, processes:
        compared(1, SLICE, [threads, processes], 1)  # so that all of them have started
        in_a_ms = rounds_a_ms()
        for length in lengths:
            count = (1 + int(40 / length) // SLICE) * SLICE
            took = compared(round(length * in_a_ms), count, [threads, processes], times)
            for name, one in zip(WAYS, took, strict=True):
                gains[name][length] = took[0].wall / one.wall
            walls = [f"{one.wall / count:.2g}" for one in took]
            rows.append([f"{length:g} ms", *walls, *(f"{one.late:.0f}" for one in took)])
    print_table(("a task", *WAYS, *(f"late: {name}" for name in WAYS)), rows)
    for name in WAYS[2:]:
        print(f"\nAs fast as inline with {name}: {break_even(gains[name]):.2g} ms a task")
    title = "Times as fast as inline"
    draw(chosen.out / "offloading.svg", title, lambda axes: lines(axes, gains, "ms a task"))


if __name__ == "__main__":
    main()
