from __future__ import annotations

import asyncio

from crawler.outage import Outage, Waited
from crawler.testing import FakeClock


class Away:
    """Something that is away for so many questions, and when it was asked after."""

    def __init__(self, questions: int, most: float = 1_000.0) -> None:
        self.left = questions
        self.clock = FakeClock()
        self.said: list[str] = []
        self.asked: list[float] = []
        self.begun = self.clock.monotonic()
        self.outage = Outage(self.clock, self.said.append, first=1.0, longest=8.0, most=most)

    async def away(self) -> bool:
        self.asked.append(self.clock.monotonic() - self.begun)
        self.left -= 1
        return self.left > 0

    async def wait(self) -> Waited:
        return await self.outage.wait(self.away, "away", "there")

    async def waited(self, count: int = 1) -> list[Waited]:
        tasks = [asyncio.create_task(self.wait()) for _ in range(count)]
        while not all(task.done() for task in tasks):
            await self.clock.advance(0.5)
        return [task.result() for task in tasks]


async def test_it_is_asked_after_at_growing_intervals_by_one_for_all() -> None:
    away = Away(questions=6)

    assert await away.waited(9) == [Waited.OVER] * 9
    assert away.asked == [1.0, 3.0, 7.0, 15.0, 23.0, 31.0]
    assert away.said == ["away", "there"]


async def test_waits_with_nothing_good_in_between_are_one() -> None:
    away = Away(questions=2, most=10.0)
    given_up: list[bool] = []
    away.outage.give_up = lambda: given_up.append(True)

    first = await away.waited()
    away.left = 99
    second = await away.waited()

    assert (first, second) == ([Waited.OVER], [Waited.TOO_LONG])
    assert away.asked == [1.0, 3.0, 7.0, 10.0]
    assert given_up == [True]


async def test_what_was_of_use_makes_the_next_wait_a_new_one() -> None:
    away = Away(questions=2, most=4.0)
    await away.waited()
    away.outage.good()
    away.left = 2

    assert await away.waited() == [Waited.OVER]
    assert away.asked == [1.0, 3.0, 4.0, 6.0]


async def test_a_crawl_that_ends_waits_no_longer() -> None:
    away = Away(questions=99)
    task = asyncio.create_task(away.wait())
    await away.clock.advance(2.0)

    away.outage.ended = lambda: True
    await away.clock.advance(1.0)

    assert await task is Waited.ENDED
    assert await away.wait() is Waited.ENDED
    assert away.said == ["away"]
