from __future__ import annotations

import asyncio

from crawler.interfaces import Clock
from crawler.testing.fake_clock import FakeClock


async def sleeper(clock: Clock, name: str, naps: list[float], log: list[tuple[str, float]]) -> None:
    for nap in naps:
        await clock.sleep(nap)
        log.append((name, clock.monotonic()))


async def test_sleepers_wake_at_their_own_times_and_in_order() -> None:
    clock = FakeClock(wall=1000.0)
    log: list[tuple[str, float]] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper(clock, "a", [1, 3], log))
        tasks.create_task(sleeper(clock, "b", [2], log))

        await clock.advance(3)
        assert log == [("a", 1), ("b", 2)]
        assert clock.sleepers == 1

        await clock.advance(1)
        assert log[-1] == ("a", 4)

    assert (clock.monotonic(), clock.wall()) == (4, 1004)


async def test_a_cancelled_sleeper_keeps_nobody_from_waking() -> None:
    clock = FakeClock()
    log: list[tuple[str, float]] = []
    task = asyncio.create_task(sleeper(clock, "a", [1], log))
    other = asyncio.create_task(sleeper(clock, "b", [1], log))
    await clock.settle()

    task.cancel()
    await clock.advance(1)
    await other

    assert task.cancelled()
    assert log == [("b", 1)]


async def test_an_automatic_clock_never_waits() -> None:
    clock = FakeClock(auto=True)
    log: list[tuple[str, float]] = []

    await sleeper(clock, "a", [5, 0, 7], log)

    assert log == [("a", 5), ("a", 5), ("a", 12)]
    assert clock.slept == [5, 0, 7]
