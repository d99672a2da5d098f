"""Small samples of the soaks: killed anywhere, or without power, a crawl ends as if undisturbed.

`python -m scripts.soak.kill` and `python -m scripts.soak.power_loss` do the same by the hundred,
and `python -m scripts.soak.month` plays a whole month.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.soak import power_loss
from scripts.soak.disk_record import missing
from scripts.soak.gaps import gaps_of
from scripts.soak.jobs_beside import crawl_beside, delays_beside
from scripts.soak.kill_round import Calm, calm_crawl, kill_points, killed_crawl
from scripts.soak.killed_process import kill_parent, start
from scripts.soak.month import Month
from scripts.soak.month_job import Wish as MonthWish
from scripts.soak.month_site import MonthSite
from scripts.soak.politeness import crawl_with_restarts
from scripts.soak.seeded_job import Wish, write_job
from scripts.soak.site_process import SiteProcess

DELAY = "50ms"
#: Of the month: books change, move, are missed and gone; twice nobody answers.
NIGHTS_HERE = 9


@pytest.fixture(scope="module")
def site() -> Iterator[SiteProcess]:
    with SiteProcess(11, pages=400, hosts=8) as served:
        yield served


@pytest.fixture(scope="module")
def calm(site: SiteProcess, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    folder = tmp_path_factory.mktemp("calm") / "run"
    return calm_crawl(site, folder, Wish(transform=True, delay=DELAY))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "workers", "seed"),
    # The last kills a worker, the one that takes its place, the group, and the parent alone.
    [("asyncio", 1, "asyncio"), ("threads", 1, "threads"), ("asyncio", 2, "workers")],
)
def test_kills_at_random_moments_lose_and_repeat_nothing_in_any_output(
    site: SiteProcess, calm: Calm, tmp_path: Path, backend: str, workers: int, seed: str
) -> None:
    points = kill_points(3 + workers, random.Random(seed), calm, workers=workers > 1)
    wish = Wish(backend, transform=True, delay=DELAY, workers=workers)

    story = killed_crawl(site, tmp_path / "killed", wish, points, calm)

    assert story.violations == []
    assert story.workers > 0 or workers == 1


@pytest.mark.slow
def test_a_parent_that_is_killed_leaves_neither_children_nor_its_lock(
    site: SiteProcess, tmp_path: Path
) -> None:
    site.next_round()
    write_job(tmp_path / "run", site.starts(), Wish(transform=True, delay=DELAY))
    process = start(tmp_path / "run")
    while site.distinct < 60:
        assert process.poll() is None

    aftermath = kill_parent(process, tmp_path / "run")

    assert aftermath.children > 0
    assert aftermath.lock_free
    assert aftermath.orphaned is not None


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_host_is_left_its_delay_across_a_restart(
    site: SiteProcess, tmp_path: Path, workers: int
) -> None:
    wish = Wish(delay="1500ms", workers=workers)

    got = crawl_with_restarts(site, tmp_path / "run", wish, [(12, 0.0), (12, 0.0)])

    across = [gap.seconds for gap in gaps_of(got.log) if got.across(gap)]
    assert across
    assert min(across) > 1.4


@pytest.mark.slow
def test_the_hosts_of_two_jobs_at_once_are_left_the_larger_delay(
    site: SiteProcess, tmp_path: Path
) -> None:
    delays = delays_beside(1.0, 2)

    pairs = crawl_beside(site, tmp_path, delays, [[(40, 0.0)], [(12, 0.0), (20, 0.0)]], "asyncio")

    assert any(pair.across for pair in pairs)
    assert min(pair.seconds - pair.wanted for pair in pairs) > -0.1
    assert not any(pair.second.beside for pair in pairs)


@pytest.mark.slow
def test_a_loss_of_power_loses_and_repeats_nothing(tmp_path: Path) -> None:
    if reason := missing():
        pytest.skip(reason)
    chance = random.Random(1)
    with SiteProcess(12, pages=30, hosts=1, quick=True) as small:
        wish = Wish(durability="power_loss")
        one = power_loss.recording(small, tmp_path.resolve() / "run", wish)

        tried, violations = power_loss.soak(one, 10, chance)

    assert violations == []
    assert tried > 5


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True])
def test_nights_of_the_practice_shop_tell_each_event_once(tmp_path: Path, killed: bool) -> None:
    kills = random.Random(7) if killed else None
    with MonthSite() as shop:
        month = Month(shop, tmp_path, MonthWish(), kills=kills, full=False)
        nights = [month.next() for _ in range(NIGHTS_HERE)]

    assert [(one.number, one.problems) for one in nights if one.problems] == []
    assert {told.kind for one in nights for told in one.told} >= {"new", "changed", "gone", "moved"}
    assert any(one.killed for one in nights) == killed
