from __future__ import annotations

import asyncio

import pytest

from crawler.fetch.in_place import run_in_place


async def give_way(times: int) -> int:
    for _ in range(times):
        await asyncio.sleep(0)
    return times


async def fail() -> None:
    await give_way(1)
    raise KeyError("why")


async def wait_for_ever() -> None:
    class Never:
        def __await__(self):  # type: ignore[no-untyped-def]
            yield self

    await Never()


def test_a_coroutine_that_only_gives_way_runs_to_its_end() -> None:
    assert run_in_place(give_way(3)) == 3


def test_its_error_is_the_callers() -> None:
    with pytest.raises(KeyError, match="why"):
        run_in_place(fail())


def test_one_that_waits_for_a_loop_is_an_error_and_no_endless_turn() -> None:
    with pytest.raises(RuntimeError, match="no loop"):
        run_in_place(wait_for_ever())
