from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from crawler.engine import transforms
from crawler.engine.transforms import Settled, Transforms
from crawler.interfaces import Batch, Opened, RunStart, Transformed, WaitingItem
from crawler.spider.plain_codec import dump
from crawler.storage.memory_store import MemoryStore
from crawler.urls import CanonicalRules


class Doubling:
    """Gives every record twice; holds those back whose number is in `held`."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.most = 0
        self._now = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.both = asyncio.Event()

    async def start(self) -> None:
        """Need nothing."""

    async def close(self) -> None:
        """Keep nothing."""

    async def apply(self, name: str, record: dict[str, Any]) -> Transformed:
        self.began.append(record["n"])
        self._now += 1
        self.most = max(self.most, self._now)
        if len(self.began) == 2:
            self.both.set()
        await self.gate.wait()
        self._now -= 1
        return Transformed(records=[record, record])


class Rig:
    """An outbox, what feeds from it, and commits as an engine would make them."""

    def __init__(self, store: MemoryStore, opened: Opened) -> None:
        self.store, self.opened, self.grant = store, opened, opened.grant
        self.transform = Doubling()
        self.came = asyncio.Event()
        self.feed = Transforms(self.transform, store, opened, self.came.set)
        self.done: list[int] = []

    async def put(self, *numbers: int) -> None:
        items = [
            WaitingItem(item_id=str(n), name="Book", data=dump({"n": n}, "item")) for n in numbers
        ]
        committed = await self.store.commit(self.grant, Batch(waiting=items), lambda: ())
        self.feed.add(committed.waiting)

    async def settle(self) -> list[Settled]:
        """Wait until something is done, and write it."""
        await self.came.wait()
        self.came.clear()
        taken = self.feed.take()
        rows = [one.item.row for one in taken]
        await self.store.commit(self.grant, Batch(settled=rows), lambda: ())
        self.feed.written(taken)
        self.done += [int(one.item.item_id) for one in taken]
        return taken

    async def settle_all(self) -> None:
        while not self.feed.idle:
            await self.settle()


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Rig]:
    async with asyncio.TaskGroup() as group:
        group.create_task(rig.feed.run())
        yield rig
        rig.feed.close()


@pytest.fixture
async def rig() -> Rig:
    store = MemoryStore(canonical=CanonicalRules())
    await store.open()
    opened = await store.begin(RunStart(mode="fresh", run_id="r", settings=b"{}", now=0.0))
    return Rig(store, opened)


async def test_each_item_is_transformed_once_and_leaves_the_outbox(rig: Rig) -> None:
    async with running(rig):
        await rig.put(1, 2, 3)
        (first, *_) = await rig.settle()
        await rig.settle_all()

    assert sorted(rig.done) == sorted(rig.transform.began) == [1, 2, 3]
    assert first.result.records == [{"n": 1}, {"n": 1}]
    assert await rig.store.waiting(rig.grant, 0, 10) == []


async def test_more_than_the_window_holds_is_read_from_the_store_in_its_turn(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transforms, "WINDOW", 4)
    monkeypatch.setattr(transforms, "AT_ONCE", 2)
    async with running(rig):
        for start in range(0, 40, 5):
            await rig.put(*range(start, start + 5))
            await rig.settle()
        await rig.settle_all()

    assert sorted(rig.done) == list(range(40))
    assert rig.transform.began == list(range(40))
    assert rig.transform.most <= 2


async def test_what_an_earlier_process_left_is_taken_up(rig: Rig) -> None:
    await rig.put(1, 2)
    later = Rig(rig.store, msgspec.structs.replace(rig.opened, waiting=2))

    async with running(later):
        await later.settle_all()

    assert sorted(later.done) == [1, 2]


async def test_what_is_under_way_when_it_is_closed_stays_in_the_outbox(rig: Rig) -> None:
    rig.transform.gate.clear()
    async with running(rig):
        await rig.put(1, 2)
        await rig.transform.both.wait()

    assert rig.done == []
    assert len(await rig.store.waiting(rig.grant, 0, 10)) == 2


async def test_it_is_crowded_as_long_as_too_many_wait(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transforms, "ENOUGH_WAITING", 2)
    async with running(rig):
        await rig.put(1, 2)
        crowded = rig.feed.crowded
        await rig.settle_all()

    assert crowded
    assert not rig.feed.crowded
