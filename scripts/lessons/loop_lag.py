"""How long something takes in an event loop, and how long the loop stood still meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import NamedTuple

NAP = 0.001
Way = Callable[[], Coroutine[object, object, None]]


class Took(NamedTuple):
    """How long a way took, and how late the loop was at worst meanwhile, both in milliseconds."""

    wall: float
    late: float


def medians_of(times: int, ways: Sequence[Way]) -> list[Took]:
    """Go each way several times, in turns, so that all have the same neighbours on the machine."""
    rounds = [[asyncio.run(_with_naps(way())) for way in ways] for _ in range(times)]
    return [
        Took(
            statistics.median(one.wall for one in took), statistics.median(one.late for one in took)
        )
        for took in zip(*rounds, strict=True)
    ]


async def _with_naps(way: Coroutine[object, object, None]) -> Took:
    """Take naps while a way is under way: a late awakening shows how long the loop stood."""
    began, late = time.perf_counter(), 0.0
    working = asyncio.create_task(way)
    while not working.done():
        lay_down = time.perf_counter()
        await asyncio.sleep(NAP)
        late = max(late, time.perf_counter() - lay_down - NAP)
    await working
    return Took((time.perf_counter() - began) * 1000, late * 1000)
