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


class Line:
    """A connection on which something happened at `heard`, and never after."""

    def __init__(self, heard: float) -> None:
        self.heard = heard
        self.given_up = asyncio.Event()

    def is_silent(self, since: float) -> bool:
        return self.heard <= since

    def give_up(self) -> None:
        self.given_up.set()


async def test_a_silent_connection_is_given_up_and_its_task_left_to_hear_of_it(
    watchdog: Watchdog,
) -> None:
    line = Line(heard=asyncio.get_running_loop().time())
    with watchdog.limit(60.0) as limit:
        limit.listen(line, 0.001)
        await line.given_up.wait()


async def test_a_connection_that_brings_something_is_not_given_up(watchdog: Watchdog) -> None:
    begun = asyncio.get_running_loop().time()
    silent, lively = Line(heard=begun), Line(heard=begun + 60.0)

    async def listen(line: Line) -> None:
        with watchdog.limit(60.0) as limit:
            limit.listen(line, 0.001)
            await silent.given_up.wait()

    await asyncio.gather(listen(silent), listen(lively))

    assert not lively.given_up.is_set()
