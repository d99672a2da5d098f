"""An asynchronous generator, read in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator

import pytest

from crawler.app.batch.in_thread import iterate

#: Seconds after which something that should end at once has not.
LONG = 20.0


async def some() -> AsyncGenerator[int, None]:
    for number in range(3):
        yield number


async def broken() -> AsyncGenerator[int, None]:
    yield 1
    raise ValueError("no more")


def test_values_come_in_order_and_then_the_end() -> None:
    assert list(iterate(some)) == [0, 1, 2]


def test_what_the_generator_raises_is_raised_here_after_its_values() -> None:
    values = iterate(broken)

    assert next(values) == 1
    with pytest.raises(ValueError, match="no more"):
        next(values)


def test_leaving_early_ends_a_generator_that_waits_for_ever() -> None:
    closed, left = threading.Event(), threading.Event()

    async def waiting() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.set()

    def take_one() -> None:
        for _ in iterate(waiting):
            break
        left.set()

    threading.Thread(target=take_one, daemon=True).start()

    assert left.wait(LONG)
    assert closed.is_set()
