from __future__ import annotations

import asyncio

import pytest

from crawler.engine.lag_probe import LagProbe


class LateClock:
    """Wakes its one sleeper too late, by what it was given, and then never again."""

    def __init__(self) -> None:
        self._now = 0.0
        self.lates: list[float] = []
        self.over = asyncio.Event()

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if not self.lates:
            self.over.set()
            await asyncio.Event().wait()
        self._now += seconds + self.lates.pop(0)


class Guard:
    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def enter(self, row: int) -> None:
        self.told.append(("enter", row))

    def leave(self, row: int) -> None:
        self.told.append(("leave", row))


class Rig:
    def __init__(self) -> None:
        self.clock = LateClock()
        self.guard = Guard()
        self.stalls: list[tuple[list[int], float]] = []
        self.probe = LagProbe(
            self.guard, self.clock, lambda rows, lag: self.stalls.append((rows, round(lag, 3)))
        )


@pytest.fixture
async def rig() -> Rig:
    return Rig()


async def watched(rig: Rig, *lates: float) -> None:
    """Let looks come, each so much too late."""
    rig.clock.lates = list(lates)
    task = asyncio.create_task(rig.probe.run())
    await rig.clock.over.wait()
    task.cancel()


async def test_a_callback_that_ran_while_the_loop_stood_still_is_named(rig: Rig) -> None:
    rig.probe.enter(7)
    rig.probe.leave(7)
    rig.probe.enter(8)

    await watched(rig, 0.4)

    assert rig.stalls == [([7, 8], 0.4)]


async def test_one_that_ended_before_is_not(rig: Rig) -> None:
    rig.probe.enter(7)
    rig.probe.leave(7)

    await watched(rig, 0.0, 0.4)

    assert rig.stalls == []


async def test_a_little_lateness_is_no_stall(rig: Rig) -> None:
    rig.probe.enter(7)

    await watched(rig, 0.05)

    assert rig.stalls == []
    assert rig.probe.worst == pytest.approx(0.05)


async def test_most_looks_decide_the_percentile_and_the_worst_the_end(rig: Rig) -> None:
    await watched(rig, *[0.0] * 98, 0.02, 1.5)

    assert rig.probe.percentile(0.5) <= 0.001
    assert rig.probe.percentile(0.99) == pytest.approx(0.021, abs=0.0011)
    assert rig.probe.percentile(1.0) == rig.probe.worst == pytest.approx(1.5)


def test_the_guard_hears_everything() -> None:
    rig = Rig()

    rig.probe.enter(1)
    rig.probe.leave(1)

    assert rig.guard.told == [("enter", 1), ("leave", 1)]
