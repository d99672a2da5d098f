"""Two crawls of one machine at the same time: what the servers that both ask see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from crawler.storage.own_folder import VARIABLE
from crawler.storage.shared_clocks import SharedClocks
from crawler.testing.fake_clock import FakeClock
from crawler.testing.fake_fetcher import Script, html, redirect
from tests.unit.engine.rig import Rig
from tests.unit.engine.test_politeness import page, star

HOST = "a.example"


@pytest.fixture
def new_clocks(tmp_path: Path) -> Iterator[Callable[[], SharedClocks]]:
    made: list[SharedClocks] = []

    def make() -> SharedClocks:
        made.append(SharedClocks({VARIABLE: str(tmp_path / "run")}, lambda line: None))
        return made[-1]

    yield make
    for clocks in made:
        clocks.close()


async def run_both(clock: FakeClock, *rigs: Rig) -> list[float]:
    """Run crawls at the same time; return when the host was asked, by whomever."""

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            for rig in rigs:
                group.create_task(rig.crawl.run(rig.workers))

    for rig in rigs:
        await rig.open()
    await clock.play(both())
    return sorted(at for rig in rigs for at in rig.fetcher.starts(HOST))


@pytest.mark.parametrize("takes", [0.0, 0.7, 4.0])
async def test_the_delay_lies_between_all_requests_of_both(
    new_clocks: Callable[[], SharedClocks], takes: float
) -> None:
    clock = FakeClock()
    rigs = [
        Rig(script=star(5, takes=takes), delay=2.0, per_host=1, clock=clock, clocks=new_clocks())
        for _ in range(2)
    ]

    asked = await run_both(clock, *rigs)

    assert len(asked) == 14  # robots.txt, the hub and five leaves, twice
    assert min(b - a for a, b in pairwise(asked)) >= 2.0
    for rig in rigs:
        await rig.assert_books()


async def test_the_larger_delay_holds_for_both_while_both_are_there(
    new_clocks: Callable[[], SharedClocks],
) -> None:
    clock = FakeClock()
    quick = Rig(script=star(5), delay=0.5, per_host=1, clock=clock, clocks=new_clocks())
    slow = Rig(script=star(20), delay=3.0, per_host=1, clock=clock, clocks=new_clocks())

    asked = await run_both(clock, quick, slow)

    assert min(b - a for a, b in pairwise(asked[1:])) >= 3.0
    assert len(asked) == 7 + 22


async def test_neither_is_kept_waiting_by_the_other_for_long(
    new_clocks: Callable[[], SharedClocks],
) -> None:
    clock = FakeClock()
    rigs = [
        Rig(script=star(30), delay=1.0, per_host=1, clock=clock, clocks=new_clocks())
        for _ in range(2)
    ]

    await run_both(clock, *rigs)

    for rig in rigs:
        starts = rig.fetcher.starts(HOST)
        assert max(b - a for a, b in pairwise(starts)) < 5.0


async def test_hosts_without_a_delay_share_nothing(
    new_clocks: Callable[[], SharedClocks], tmp_path: Path
) -> None:
    rig = Rig(script=star(5), clocks=new_clocks())

    await rig.run()

    assert not (tmp_path / "run").exists()


async def test_a_robots_txt_elsewhere_is_asked_for_in_the_turn_of_its_host(
    new_clocks: Callable[[], SharedClocks],
) -> None:
    clock = FakeClock()
    other: dict[str, Script] = {
        page("robots.txt", "b.example"): redirect("http://a.example/robots.txt"),
        page("", "b.example"): html(),
    }
    rigs = [
        Rig(script=star(4), delay=2.0, per_host=1, clock=clock, clocks=new_clocks()),
        Rig(
            script=star(4) | other, starts=["http://b.example/"], delay=2.0, per_host=1,
            clock=clock, clocks=new_clocks(),
        ),
    ]  # fmt: skip

    asked = await run_both(clock, *rigs)

    assert len(asked) == 7
    assert min(b - a for a, b in pairwise(asked)) >= 2.0
