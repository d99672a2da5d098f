from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from crawler.engine.crawl import End
from crawler.testing.fake_fetcher import Script, html
from tests.unit.engine.rig import START, Rig

PAUSED = 100.0


def star(count: int, *, takes: float = 0.0) -> dict[str, Script]:
    script: dict[str, Script] = {START: html(*(f"/{n}" for n in range(count)))}
    return script | {f"{START}{n}": html(takes=takes) for n in range(count)}


async def crawl(rig: Rig, *, pause_at: float, then: Callable[[], None]) -> End:
    """Run a crawl that is paused for a while, and then."""
    await rig.open()

    async def both() -> End:
        running = asyncio.create_task(rig.crawl.run(rig.workers))
        await rig.clock.sleep(pause_at)
        rig.crawl.pause()
        await rig.clock.sleep(PAUSED)
        then()
        return await running

    return await rig.clock.play(both())


async def test_nothing_is_sent_while_paused_and_everything_after() -> None:
    rig = Rig(script=star(6), delay=2.0)

    end = await crawl(rig, pause_at=5.0, then=lambda: rig.crawl.go_on())

    starts = rig.fetcher.starts("a.example")
    assert end == End(reason="finished", finished=True)
    assert not [at for at in starts if 5.0 <= at < 105.0]
    assert any(at < 5.0 for at in starts)
    assert any(at >= 105.0 for at in starts)
    assert len(rig.items) == 7
    await rig.assert_books()


async def test_what_is_in_flight_is_finished_and_committed_while_paused() -> None:
    rig = Rig(script=star(4, takes=3.0), per_host=4)
    committed = 0

    def then() -> None:
        nonlocal committed
        committed = len(rig.items)
        rig.crawl.go_on()

    await crawl(rig, pause_at=1.0, then=then)

    assert committed == 5
    assert rig.crawl.in_flight == 0


async def test_a_paused_crawl_can_be_stopped() -> None:
    rig = Rig(script=star(6), delay=2.0)

    end = await crawl(rig, pause_at=5.0, then=lambda: rig.crawl.stop("SIGINT"))

    assert end == End(reason="SIGINT", finished=False)
    assert len(rig.items) < 7


async def test_the_limit_of_time_goes_on_counting_while_paused() -> None:
    rig = Rig(script=star(6), delay=2.0, limits={"max_runtime": 50.0})

    end = await crawl(rig, pause_at=5.0, then=lambda: None)

    assert end == End(reason="max_runtime", finished=True)
    assert rig.ended  # what came before the pause is committed
    assert len(rig.items) < 7


async def test_a_pause_is_nobodys_share_of_the_waiting() -> None:
    rig = Rig(script=star(6), delay=2.0)

    await crawl(rig, pause_at=5.0, then=lambda: rig.crawl.go_on())

    waited = rig.crawl.bottleneck.waited(rig.clock.monotonic())
    shares = rig.crawl.bottleneck.shares(rig.clock.monotonic(), 0.0)
    assert waited["paused"] == pytest.approx(PAUSED)
    assert shares["politeness"] == 1.0
    assert sum(shares.values()) == pytest.approx(1.0)


async def test_the_last_page_in_flight_ends_a_paused_crawl() -> None:
    rig = Rig(script={START: html(takes=3.0)})

    end = await crawl(rig, pause_at=1.0, then=lambda: None)

    assert end == End(reason="finished", finished=True)
    assert len(rig.items) == 1
