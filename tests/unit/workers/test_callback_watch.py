from __future__ import annotations

import asyncio

import pytest

from crawler.storage.slot_file import NoGuard
from crawler.testing.fake_clock import FakeClock
from crawler.workers.callback_watch import CallbackWatch


async def test_a_callback_that_waits_too_long_is_ended_and_leaves_no_cancellation_behind() -> None:
    clock = FakeClock()
    watch = CallbackWatch(NoGuard(), clock.monotonic, limit=10.0)
    seen: list[float | None] = []

    async def callback() -> int:
        watch.enter(1)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(watch.expired(1))
        finally:
            watch.leave(1)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    task = asyncio.create_task(callback())
    await clock.advance(9.0)
    watch.end_overdue()
    await clock.settle()
    early = list(seen)
    await clock.advance(2.0)
    watch.end_overdue()

    assert (await task, early, seen) == (0, [], [11.0])
    assert watch.since(1) is None


async def test_while_others_work_for_a_callback_its_time_does_not_pass() -> None:
    clock = FakeClock()
    watch = CallbackWatch(NoGuard(), clock.monotonic, limit=10.0)

    async def callback() -> None:
        watch.enter(1)
        await asyncio.Event().wait()

    task = asyncio.create_task(callback())
    await clock.advance(30.0)
    watch.rest()
    await clock.advance(9.0)
    watch.end_overdue()
    await clock.settle()
    spared = not task.done()
    await clock.advance(2.0)
    watch.end_overdue()

    assert spared
    with pytest.raises(asyncio.CancelledError):
        await task
