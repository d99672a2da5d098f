"""A crawl within a limit of memory: held, let go on slowly, or ended, and never stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

from crawler.engine.crawl import End
from crawler.engine.memory_watch import OUT_OF_MEMORY, MemoryWatch
from crawler.policy.memory import MemoryLimit
from crawler.testing.fake_fetcher import Script, html
from tests.unit.engine.rig import START, Rig

LIMIT = 1_000
HIGH = 950


def star(count: int) -> dict[str, Script]:
    script: dict[str, Script] = {START: html(*(f"/{n}" for n in range(count)))}
    return script | {f"{START}{n}": html(takes=1.0) for n in range(count)}


async def crawl(rig: Rig, size_at: Callable[[float], int]) -> End:
    """Crawl in a process whose size follows from the seconds since it began."""
    rig.memory = memory = MemoryLimit(LIMIT)
    await rig.open()
    watch, begun = MemoryWatch(rig.crawl, memory, rig.clock), rig.clock.monotonic()

    async def look() -> None:
        while True:
            watch.look(size_at(rig.clock.monotonic() - begun))
            await rig.clock.sleep(0.1)

    async def both() -> End:
        looking = asyncio.create_task(look())
        try:
            return await rig.crawl.run(rig.workers)
        finally:
            looking.cancel()

    return await rig.clock.play(both())


def begun_at(rig: Rig) -> list[float]:
    first = min(rig.fetcher.starts("a.example"))
    return [at - first for at in rig.fetcher.starts("a.example")]


async def test_nothing_is_sent_while_memory_is_short_and_everything_after() -> None:
    rig = Rig(script=star(40), per_host=4)

    end = await crawl(rig, lambda at: HIGH if 3.0 <= at < 5.0 else 100)

    assert end == End(reason="finished", finished=True)
    assert len(rig.items) == 41
    assert not [at for at in begun_at(rig) if 3.2 < at < 4.9]
    assert [at for at in begun_at(rig) if at >= 4.9]
    assert rig.memory is not None
    assert rig.memory.times == 1
    await rig.assert_books()


async def test_memory_that_does_not_fall_leaves_the_crawl_slow_and_whole() -> None:
    rig = Rig(script=star(20), per_host=4)

    end = await crawl(rig, lambda at: 100 if at < 2.0 else HIGH)

    assert end == End(reason="finished", finished=True)
    assert len(rig.items) == 21
    late = [at for at in begun_at(rig) if at > 3.0]
    assert late
    assert all(round(after - before, 9) >= 1.0 for before, after in pairwise(late))
    await rig.assert_books()


async def test_without_room_from_the_beginning_it_ends_to_be_gone_on_with() -> None:
    rig = Rig(script=star(3))

    end = await crawl(rig, lambda _: LIMIT)

    assert end == End(reason=OUT_OF_MEMORY, finished=False)
    assert rig.fetcher.urls() == []


async def test_beyond_the_limit_it_ends_once_what_was_on_its_way_is_committed() -> None:
    rig = Rig(script=star(40), per_host=4)

    end = await crawl(rig, lambda at: 100 if at < 3.0 else LIMIT + 50)

    assert end == End(reason=OUT_OF_MEMORY, finished=False)
    assert len(rig.items) == len(rig.fetcher.urls())
    assert 2.0 < max(begun_at(rig)) < 3.2
    await rig.assert_books()


async def test_start_requests_wait_for_room_as_well_and_come_when_there_is() -> None:
    starts = [f"http://h{n}.example/" for n in range(500)]
    rig = Rig(script={url: html(takes=1.0) for url in starts}, starts=starts)

    end = await crawl(rig, lambda at: HIGH if 1.0 <= at < 30.0 and int(at) % 5 else 100)

    assert end == End(reason="finished", finished=True)
    assert len(rig.items) == 500
    await rig.assert_books()


async def test_the_wait_for_memory_is_told_apart_from_all_others() -> None:
    rig = Rig(script=star(12), per_host=4)

    await crawl(rig, lambda at: HIGH if 1.5 <= at < 4.0 else 100)

    waited = rig.crawl.bottleneck.waited(rig.clock.monotonic())
    assert waited["memory"] > 1.0
    assert "memory" in rig.crawl.bottleneck.shares(10.0, 0.0)
