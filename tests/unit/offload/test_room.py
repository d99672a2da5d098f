"""Room for bytes."""

from __future__ import annotations

import asyncio

import pytest

from crawler.offload.room import ByteRoom


async def entering(room: ByteRoom, *sizes: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(room.enter(size)) for size in sizes]
    await asyncio.sleep(0)
    return tasks


async def test_who_does_not_fit_waits_until_room_is_given_back() -> None:
    room = ByteRoom(10)
    first, second = await entering(room, 6, 5)
    waits = not second.done()
    room.leave(6)
    await second

    assert first.done()
    assert waits
    assert room.held == 5


async def test_nobody_overtakes() -> None:
    room = ByteRoom(10)
    tasks = await entering(room, 8, 5, 1)

    assert [task.done() for task in tasks] == [True, False, False]
    room.leave(8)
    await asyncio.gather(*tasks)
    assert room.held == 6


async def test_what_is_larger_than_the_room_comes_in_alone() -> None:
    room = ByteRoom(10)
    (large,) = await entering(room, 50)
    (other,) = await entering(room, 1)

    assert large.done()
    assert not other.done()
    room.leave(50)
    await other


async def test_one_who_goes_away_lets_the_next_in() -> None:
    room = ByteRoom(10)
    _, large, small = await entering(room, 6, 8, 4)
    large.cancel()
    await small

    assert room.held == 10


async def test_one_who_goes_away_with_its_turn_gives_the_room_back() -> None:
    room = ByteRoom(10)
    _, other = await entering(room, 6, 8)
    room.leave(6)
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)

    assert room.held == 0


async def test_all_who_wait_can_be_sent_away() -> None:
    room = ByteRoom(1)
    _, other = await entering(room, 1, 1)
    room.refuse_all(ValueError("closed"))

    with pytest.raises(ValueError, match="closed"):
        await other
    assert room.held == 1
