from __future__ import annotations

import asyncio

import pytest

from crawler.messages import FetchRequest, QueuedRequest
from crawler.outcome import PageOutcome, State
from crawler.testing.fake_clock import FakeClock
from crawler.testing.fake_fetcher import FakeFetcher, Reply
from crawler.testing.fake_workers import FakeWorkers

URL = "http://a.example/"


async def test_play_moves_the_clock_to_whoever_wakes_next() -> None:
    clock = FakeClock()

    async def work() -> list[float]:
        await asyncio.gather(clock.sleep(5), clock.sleep(2))
        await clock.sleep(1000)
        return [clock.monotonic()]

    assert await clock.play(work()) == [1005]


async def test_play_gives_up_when_nothing_can_happen_any_more() -> None:
    clock = FakeClock()

    async def work() -> None:
        await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="nobody sleeps"):
        await clock.play(work(), patience=0.05)


async def test_play_passes_errors_on() -> None:
    async def work() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await FakeClock().play(work())


async def test_replies_come_one_after_the_other_and_the_last_for_ever() -> None:
    fetcher = FakeFetcher(FakeClock(), {URL: [Reply(status=503), Reply()]})

    statuses = [(await fetcher.fetch(FetchRequest(url=URL))).status for _ in range(3)]

    assert statuses == [503, 200, 200]
    assert fetcher.urls() == [URL] * 3


async def test_the_log_tells_when_and_how_many_at_once() -> None:
    clock = FakeClock()
    fetcher = FakeFetcher(clock, {URL: Reply(takes=2.0)})

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fetcher.fetch(FetchRequest(url=URL)))
            await clock.sleep(1)
            group.create_task(fetcher.fetch(FetchRequest(url=URL)))

    await clock.play(work())

    assert [(sent.began, sent.ended) for sent in fetcher.log] == [(0, 2), (1, 3)]
    assert fetcher.starts("a.example") == [0, 1]
    assert fetcher.most == fetcher.most_at("a.example") == 2


async def test_workers_deliver_everything_before_they_end_unless_told_at_once() -> None:
    clock = FakeClock()
    request = QueuedRequest(id=1, key=1, url=URL, host="a.example")
    for at_once, expected in ((False, 1), (True, 0)):
        delivered: list[PageOutcome] = []
        workers = FakeWorkers(
            clock, lambda one: PageOutcome(request=one, state=State.DONE), delivered.append,
            takes=5.0,
        )  # fmt: skip
        workers.submit(request)

        async def work(workers: FakeWorkers = workers, at_once: bool = at_once) -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(workers.run())
                await clock.sleep(1)
                workers.stop(at_once=at_once)

        await clock.play(work())

        assert len(delivered) == expected
