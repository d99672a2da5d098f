"""The pace of a crawl, and the lines that tell it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.interfaces import Books
from crawler.observe.pace import Eta, Pace
from crawler.observe.progress_lines import eta_text, progress_lines, status_line
from crawler.observe.snapshot import SlowestHost, Snapshot

SLOW = SlowestHost(name="slow.example", queued=140, more=False, delay=4.0, seconds=560.0)


def snapshot(at: float = 0.0, done: int = 0, known: int = 0, /, **changes: Any) -> Snapshot:
    values: dict[str, Any] = {
        "job": "books", "at": at, "elapsed": at, "state": "running",
        "books": Books(known=known, pending=known - done, done=done),
        "items": 0, "quarantined": 0, "bytes": 0, "errors": {}, "in_flight": 0, "concurrency": 64,
        "queued": known - done, "ready": 0, "slowest": None, "limited_by": {}, "memory": 0,
        "starts_known": True,
    }  # fmt: skip
    return Snapshot(**(values | changes))


def seen(*snapshots: Snapshot) -> Pace:
    pace = Pace()
    for one in snapshots:
        pace.see(one)
    return pace


def test_the_rate_is_that_of_the_last_seconds_and_the_average_of_all() -> None:
    points = [snapshot(float(at), min(at, 100) * 10, 5000) for at in range(0, 200, 5)]

    pace = seen(*points)

    assert pace.rate == 0.0
    assert pace.average == pytest.approx(1000 / 195)


def test_nothing_is_foretold_before_anything_was_seen() -> None:
    first, second = snapshot(0.0, 0, 100), snapshot(1.0, 10, 100)

    assert seen(first).eta(first) is None
    assert seen(first, second).eta(second) is None


def test_of_a_list_that_is_known_the_time_left_is_exact() -> None:
    now = snapshot(10.0, 50, 150)

    assert seen(snapshot(0.0, 0, 150), now).eta(now) == Eta(20.0)


def test_while_the_frontier_grows_slower_than_it_is_fetched_it_is_at_least() -> None:
    now = snapshot(10.0, 100, 220)

    assert seen(snapshot(0.0, 0, 200), now).eta(now) == Eta(12.0, "≥")


def test_while_the_frontier_outgrows_the_crawl_nobody_knows() -> None:
    now = snapshot(10.0, 100, 500)

    assert seen(snapshot(0.0, 0, 100), now).eta(now) is None


def test_the_slowest_host_decides_however_fast_the_others_are() -> None:
    now = snapshot(10.0, 100, 300, slowest=SLOW)

    assert seen(snapshot(0.0, 0, 300), now).eta(now) == Eta(560.0)


def test_starts_that_are_still_pulled_make_it_at_least() -> None:
    now = snapshot(10.0, 100, 200, starts_known=False)

    assert seen(snapshot(0.0, 0, 200), now).eta(now) == Eta(10.0, "≥")


def test_a_limit_of_pages_is_known_however_the_frontier_grows() -> None:
    now = snapshot(10.0, 100, 5000, pages_left=50)

    assert seen(snapshot(0.0, 0, 100), now).eta(now) == Eta(5.0)


def test_a_limit_of_time_is_the_latest_end() -> None:
    growing = snapshot(10.0, 100, 5000, seconds_left=90.0)
    nearly = snapshot(10.0, 100, 120, seconds_left=90.0)

    assert seen(snapshot(0.0, 0, 100), growing).eta(growing) == Eta(90.0, "≤")
    assert seen(snapshot(0.0, 0, 120), nearly).eta(nearly) == Eta(2.0)


def test_a_pause_is_no_measure_of_what_comes_after() -> None:
    before = [snapshot(float(at), at * 10, 1000) for at in range(10)]
    paused = [snapshot(float(at), 90, 1000, state="paused") for at in range(10, 100)]
    after = snapshot(103.0, 120, 1000)

    pace = seen(*before, *paused)
    assert pace.eta(paused[-1]) is None
    pace.see(after)

    assert pace.rate == pytest.approx(30 / 4)


def test_five_lines_say_what_a_person_asks() -> None:
    now = snapshot(
        761.0, 8359, 14920, items=7988, bytes=41_000_000, in_flight=38, ready=1210,
        slowest=SLOW, limited_by={"politeness": 0.9, "cpu": 0.1}, memory=212_000_000,
        errors={"timeout": 11, "server": 9, "status": 1, "dns": 1}, quarantined=2,
    )  # fmt: skip

    lines = progress_lines(now, seen(snapshot(0.0, 0, 14920), now), 110, keys=True)

    assert lines == [
        "books  running 00:12:41   8,359 of 14,920 known   11.0/s (avg 11.0)   ETA 10 min",
        "  ok 8,359   failed 0   skipped 0   items 7,988   in quarantine 2   41 MB, 54 kB/s",
        "  queue 6,561: ready 1,210, waiting 5,351   in flight 38/64   memory 212 MB",
        "  limited by politeness 90%   slow.example   queue 140   delay 4 s",
        "  errors timeout 11 · server 9 · status 1   [p]ause  [s]top  [e]rrors",
    ]


def test_a_paused_crawl_says_so_and_how_it_goes_on() -> None:
    now = snapshot(9.0, 1, 2, state="paused", limited_by={"cpu": 1.0})

    lines = progress_lines(now, seen(now), 100, keys=True)

    assert "paused" in lines[0]
    assert "paused" in lines[3]
    assert "[p] go on" in lines[4]


def test_keys_that_nobody_reads_are_not_offered() -> None:
    assert "[p]" not in "".join(progress_lines(snapshot(), Pace(), 100, keys=False))


def test_a_host_that_is_not_to_blame_is_not_named() -> None:
    now = snapshot(1.0, 1, 2, slowest=SLOW, limited_by={"cpu": 0.8, "politeness": 0.2})

    lines = progress_lines(now, seen(now), 100, keys=False)

    assert lines[3] == "  limited by CPU 80%"


def test_what_a_site_named_cannot_move_the_cursor() -> None:
    evil = SlowestHost(name="a\x1b[2J\n", queued=1, more=False, delay=1.0, seconds=1.0)
    now = snapshot(slowest=evil, limited_by={"politeness": 1.0}, errors={"x\x1b": 1})

    lines = progress_lines(now, seen(now), 100, keys=True)

    assert all(line.isprintable() for line in lines)


@given(
    st.integers(0, 300), st.integers(0, 10**9), st.floats(0, 10**7), st.sampled_from(["≥", "≤", ""])
)
def test_no_line_is_wider_than_the_screen(width: int, count: int, at: float, bound: str) -> None:
    now = snapshot(
        at, count, count * 2, slowest=SLOW, limited_by={"politeness": 1.0}, bytes=count * 1000
    )
    pace = seen(snapshot(0.0, 0, count * 2), now)

    lines = progress_lines(now, pace, max(60, width), keys=True)

    assert len(lines) == 5
    assert all(len(line) <= max(60, width) for line in lines)
    assert eta_text(Eta(at, bound)).startswith("ETA ")


def test_one_plain_line_has_the_most_of_it() -> None:
    now = snapshot(600.0, 100, 200, items=7, in_flight=3, limited_by={"network": 0.6})

    assert status_line(now, seen(snapshot(0.0, 0, 200), now)) == (
        "books  running 00:10:00  100 of 200 known  0.2/s (avg 0.2)  ETA 10 min  failed 0  items 7"
        "  in flight 3  limited by network 60%"
    )
