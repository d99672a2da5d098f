from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from crawler.engine.start_feed import CHUNK, StartFeed
from crawler.messages import NewRequest
from crawler.outcome import ItemRecord
from crawler.spider.start_entry import ListsRead


def request(number: int) -> NewRequest:
    return NewRequest(url=f"http://a.example/{number}", ordinal=number)


class Source:
    """Counts how far it was read, and whether it was closed."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.given = 0
        self.closed = False

    async def read(self) -> AsyncIterator[NewRequest | ItemRecord]:
        try:
            for number in range(self.count):
                self.given += 1
                yield request(number)
        finally:
            self.closed = True


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_no_more_than_a_chunk_is_held() -> None:
    source = Source(10_000)
    feed = StartFeed(source.read())
    task = asyncio.create_task(feed.pull(lambda: None, lambda: True))

    await turns()
    assert source.given == CHUNK
    first, _ = feed.take()
    feed.drained()
    await turns()

    assert (len(first), source.given) == (CHUNK, 2 * CHUNK)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed


async def test_nothing_is_pulled_while_there_is_no_room() -> None:
    source = Source(10)
    room = False
    feed = StartFeed(source.read())
    task = asyncio.create_task(feed.pull(lambda: None, lambda: room))

    await turns()
    feed.take()
    feed.drained()
    await turns()
    assert source.given == 1

    room = True
    feed.drained()
    await task
    assert source.given == 10
    assert feed.exhausted


async def test_items_that_were_committed_are_counted_off() -> None:
    async def source() -> AsyncIterator[NewRequest | ItemRecord]:
        for number in range(4):
            yield ItemRecord("x", {"n": number})

    feed = StartFeed(source(), items_done=3)
    await feed.pull(lambda: None, lambda: True)

    assert feed.take() == ([], [(3, ItemRecord("x", {"n": 3}))])
    assert feed.empty


async def test_a_request_keeps_the_place_its_spider_gave_it() -> None:
    async def source() -> AsyncIterator[NewRequest | ItemRecord]:
        yield NewRequest(url="http://a.example/", dont_filter=True, ordinal=7)

    feed = StartFeed(source())
    await feed.pull(lambda: None, lambda: True)

    assert feed.take()[0][0].ordinal == 7


async def test_lists_that_come_first_are_read_to_their_end_whether_there_is_room_or_not() -> None:
    async def listed() -> AsyncIterator[NewRequest | ListsRead]:
        for number in range(3 * CHUNK):
            yield request(number)
        yield ListsRead()
        yield request(-1)
        yield request(-2)

    feed = StartFeed(listed(), lists_first=True)
    task = asyncio.create_task(feed.pull(lambda: None, lambda: False))
    taken = 0
    while feed.holds:
        await turns()
        taken += len(feed.take()[0])
        feed.drained()
    await turns()

    assert (taken + len(feed.take()[0]), feed.exhausted) == (3 * CHUNK, False)
    task.cancel()
