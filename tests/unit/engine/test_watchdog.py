from __future__ import annotations

import asyncio

from crawler.engine.watchdog import Standstill, Watchdog
from crawler.testing.fake_fetcher import html
from tests.unit.engine.rig import START, Rig


async def words(rig: Rig) -> list[Standstill]:
    """Run a crawl under a watchdog that looks every second; return what it said."""
    await rig.open()
    dog, said = Watchdog(rig.crawl, rig.clock), []

    async def look() -> None:
        while True:
            await rig.clock.sleep(1.0)
            still = dog.look()
            if still is not None:
                said.append(still)

    async def both() -> None:
        looking = asyncio.create_task(look())
        await rig.crawl.run(rig.workers)
        looking.cancel()

    await rig.clock.play(both())
    return said


async def test_a_page_that_never_comes_is_named_again_and_again_but_ever_more_rarely() -> None:
    said = await words(Rig(script={START: html(takes=500.0)}))

    assert [round(one.seconds) for one in said] == [60, 120, 240, 480]
    assert {one.cause for one in said} == {"flights"}
    assert {one.flights[0].request.url for one in said} == {START}


async def test_a_delay_however_long_is_no_standstill() -> None:
    said = await words(Rig(script={START: html("/1"), f"{START}1": html()}, delay=400.0))

    assert not said
