"""Measure process slots: speed-up of heavy work, overhead of light work, lag of the loop.

    python -m scripts.bench.offload [--rounds 5] [--slots 2]

Medians of the rounds. Heavy: payloads of about 20 ms, the same in slots, inline and in a bare
pool. Light: a function that does next to nothing, so that all of its time is overhead. Lag: how
much later than asked a sleep of 1 ms ends while the slots are full.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from crawler.offload.slot_limits import SlotLimits
from crawler.offload.slots import Slots

HEAVY_MS = 20.0
HEAVY_COUNT = 100
LIGHT_COUNT = 20_000
LIGHT_AHEAD = 2_000
_HEAVY, _LIGHT = "scripts.bench.offload:heavy", "scripts.bench.offload:light"


def heavy(turns: int) -> int:
    """Do plain Python work, always the same for a number of turns."""
    total = 0
    for turn in range(turns):
        total = (total * 31 + turn) % 1_000_003
    return total


def light(number: int) -> int:
    """Do next to nothing."""
    return number + 1


def calibrated() -> int:
    """Return the turns that take `HEAVY_MS` on this machine when nothing disturbs."""
    best = min(_seconds_of(lambda: heavy(100_000)) for _ in range(20))
    return int(100_000 * HEAVY_MS / 1000 / best)


def _seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def _seconds(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def inline(turns: int) -> float:
    """Return the seconds of all heavy payloads, one after the other, in this process."""
    return _seconds_of(lambda: [heavy(turns) for _ in range(HEAVY_COUNT)])


def bare(pool: ProcessPoolExecutor, turns: int, count: int) -> float:
    """Return the seconds of all heavy payloads in a bare pool: what the machine has to give."""
    share = HEAVY_COUNT // count
    return _seconds_of(lambda: list(pool.map(several, [share] * count, [turns] * count)))


def several(times: int, turns: int) -> None:
    """Run heavy payloads one after the other."""
    for _ in range(times):
        heavy(turns)


async def all_heavy(slots: Slots, turns: int) -> None:
    """Run all heavy payloads in slots."""
    await asyncio.gather(*(slots.call(_HEAVY, turns) for _ in range(HEAVY_COUNT)))


async def all_light(slots: Slots) -> None:
    """Run all light payloads in slots, a window of them at a time."""
    taken: list[asyncio.Future[object]] = []
    for number in range(LIGHT_COUNT):
        taken.append(await slots.accept(_LIGHT, number))  # type: ignore[arg-type]
        if len(taken) >= LIGHT_AHEAD:
            for one in taken[: LIGHT_AHEAD // 2]:
                await one
            del taken[: LIGHT_AHEAD // 2]
    await asyncio.gather(*taken)


async def lags(done: asyncio.Event) -> list[float]:
    """Return by how many ms each sleep of 1 ms was late, until `done`."""
    found = []
    while not done.is_set():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        found.append((time.perf_counter() - began) * 1000 - 1)
    return found


async def measure(rounds: int, count: int, niceness: int) -> None:
    """Measure and print."""
    turns = calibrated()
    plain, slotted, most, overhead, late = [], [], [], [], []
    pool = ProcessPoolExecutor(count, get_context("forkserver"))
    began = time.perf_counter()
    async with Slots(count, SlotLimits(niceness=niceness)) as slots:
        start = time.perf_counter() - began
        await all_heavy(slots, turns // 20)
        bare(pool, turns // 20, count)
        await all_light(slots)
        for _ in range(rounds):
            plain.append(inline(turns))
            most.append(plain[-1] / bare(pool, turns, count))
            done = asyncio.Event()
            probe = asyncio.create_task(lags(done))
            slotted.append(await _seconds(all_heavy(slots, turns)))
            done.set()
            late += await probe
            overhead.append(await _seconds(all_light(slots)) / LIGHT_COUNT * 1e6)
    pool.shutdown()
    ratios = [one / other for one, other in zip(plain, slotted, strict=True)]
    late.sort()
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores,"
        f" {count} slots, load {os.getloadavg()[0]:.1f}, medians of {rounds}"
    )
    print(f"start of the slots                {start * 1000:8.0f} ms")
    print(
        f"{HEAVY_COUNT} payloads of {HEAVY_MS:.0f} ms, inline    {statistics.median(plain):8.2f} s"
    )
    print(f"the same in slots                 {statistics.median(slotted):8.2f} s")
    print(f"speed-up                          {statistics.median(ratios):8.2f} x  (goal 1.8)")
    print(f"what a bare pool reaches          {statistics.median(most):8.2f} x")
    print(f"overhead of a light payload       {statistics.median(overhead):8.1f} us (goal 15)")
    print(
        f"loop lag with full slots          {late[int(len(late) * 0.99)]:8.1f} ms at p99 (goal 20),"
        f" {late[-1]:.1f} ms at most"
    )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--niceness", type=int, default=SlotLimits().niceness)
    options = parser.parse_args()
    asyncio.run(measure(options.rounds, options.slots, options.niceness))


if __name__ == "__main__":
    main()
