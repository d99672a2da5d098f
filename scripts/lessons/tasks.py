"""Work of a known length, done by the loop itself or handed to a pool: the code of lesson 4."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from scripts.lessons.timed import median_of

PAGE = b"x" * 10_000
AT_ONCE = 4  # two pieces are worked on and two wait: nobody is idle, and no queue grows


def work(rounds: int, pages: list[bytes]) -> int:
    """Compute for a while over each page."""
    return sum(number & len(page) for page in pages for number in range(rounds))


def rounds_a_ms() -> float:
    """Return how many rounds of work this machine does in a millisecond."""
    return 100_000 / (median_of(9, work, 100_000, [PAGE]).wall * 1_000)


async def inline(rounds: int, count: int) -> None:
    """Work in the thread of the loop, which may turn between two pages."""
    for _ in range(count):
        work(rounds, [PAGE])
        await asyncio.sleep(0)


async def handed_on(rounds: int, count: int, pool: Executor, batch: int = 1) -> None:
    """Hand the pages to a pool, so many with each call."""
    loop = asyncio.get_running_loop()

    async def hand() -> None:
        for _ in range(count // batch // AT_ONCE):
            await loop.run_in_executor(pool, work, rounds, [PAGE] * batch)

    await asyncio.gather(*[hand() for _ in range(AT_ONCE)])
