"""Which starts were missed."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.schedule.missed import missed_between
from crawler.schedule.past_run import PastRun, Planned, Standing

HOUR = 3_600.0
PLAN = Planned(cron="0 * * * *", zone="UTC", slack=600)


def hourly(expression: str, zone: str | None, after: float, before: float) -> Iterator[float]:
    assert (expression, zone) == ("0 * * * *", "UTC")
    at = (after // HOUR + 1) * HOUR
    while at <= before:
        yield at
        at += HOUR


def start(at: float, took: float | None = 60.0, standing: Standing = "ended") -> PastRun:
    return PastRun(
        number=1, job="books", standing=standing, started=at, trigger="cron", planned=PLAN,
        ended=None if took is None else at + took,
    )  # fmt: skip


def test_nothing_is_missed_between_one_start_and_the_next() -> None:
    for second in (HOUR, HOUR + 599, HOUR + 3_000):
        assert missed_between(start(1), start(second), [], 9 * HOUR, hourly) is None


def test_starts_between_two_that_were_made_are_missed() -> None:
    found = missed_between(start(1), start(4 * HOUR + 5), [], 9 * HOUR, hourly)

    assert found is not None
    assert (found.first, found.last, found.times) == (HOUR, 3 * HOUR, 3)


def test_a_clock_set_back_a_little_misses_nothing() -> None:
    assert missed_between(start(HOUR - 1), start(2 * HOUR), [], 9 * HOUR, hourly) is None


def test_one_that_may_still_come_is_not_missed() -> None:
    assert missed_between(start(1), None, [], HOUR + 700, hourly) is None
    found = missed_between(start(1), None, [], HOUR + 721, hourly)
    assert found is not None
    assert found.times == 1


def test_no_start_is_missed_while_another_run_goes_on() -> None:
    long = start(1, took=2.5 * HOUR)
    running = start(1, took=None, standing="running")

    assert missed_between(long, start(3 * HOUR), [long], 9 * HOUR, hourly) is None
    assert missed_between(running, None, [running], 9 * HOUR, hourly) is None


def test_a_job_without_a_schedule_misses_nothing() -> None:
    by_hand = PastRun(number=1, job="books", standing="ended", started=1.0)

    assert missed_between(by_hand, None, [], 99 * HOUR, hourly) is None
