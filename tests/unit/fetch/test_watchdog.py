from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from crawler.fetch.watchdog import Watchdog


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    made = Watchdog(tick=0.001)
    yield made
    made.close()


async def test_what_overruns_its_limit_is_a_timeout(watchdog: Watchdog) -> None:
    with pytest.raises(TimeoutError), watchdog.limit(0.0):
        await asyncio.Event().wait()

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_what_stays_within_its_limit_is_left_alone(watchdog: Watchdog) -> None:
    with watchdog.limit(60.0):
        done = await asyncio.sleep(0, "done")

    assert done == "done"


async def test_a_limit_can_be_moved(watchdog: Watchdog) -> None:
    async def wait() -> None:
        with watchdog.limit(60.0) as limit:
            limit.ends -= 60.0
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await wait()


async def test_a_cancellation_from_elsewhere_stays_one(watchdog: Watchdog) -> None:
    entered = asyncio.Event()

    async def wait() -> None:
        with watchdog.limit(60.0):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await entered.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_both_at_once_stay_a_cancellation(watchdog: Watchdog) -> None:
    async def wait() -> None:
        with watchdog.limit(60.0) as limit:
            limit.fire()
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(wait())


async def test_an_error_inside_goes_out_as_it_is(watchdog: Watchdog) -> None:
    with pytest.raises(ZeroDivisionError), watchdog.limit(60.0):
        raise ZeroDivisionError


async def test_limits_of_several_tasks_are_kept_apart(watchdog: Watchdog) -> None:
    async def wait(seconds: float, event: asyncio.Event) -> str:
        try:
            with watchdog.limit(seconds):
                await event.wait()
        except TimeoutError:
            return "overrun"
        return "in time"

    patient = asyncio.Event()
    slow = asyncio.create_task(wait(60.0, patient))
    assert await wait(0.0, asyncio.Event()) == "overrun"
    patient.set()

    assert await slow == "in time"
