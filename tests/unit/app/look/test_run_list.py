"""What `crawler runs` lists and says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from crawler.app.look.asked_for import asked_for
from crawler.app.look.run_list import RunList, RunOfList
from crawler.app.look.run_table import Look, run_table
from crawler.app.look.run_words import run_json, when
from crawler.schedule.run_history import Counts, Planned, RunBegan, RunEnded, RunHistory

DAY = 86_400.0
#: Sunday 22 November 2026, 08:00 UTC.
NOW = 1_795_334_400.0
NIGHT = NOW - 5 * 3_600


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class Past:
    """A history to be filled."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.history = RunHistory(base / "state/runs.sqlite", lambda _: False)

    def began(self, at: float, run: str | None = None, **more: object) -> int:
        began = RunBegan(job="books", started=at, pid=7, host="vm", trigger="cron")
        number = self.history.began(msgspec.structs.replace(began, **more))
        if run is not None:
            report = self.base / "reports/books" / run
            resumed = bool(self.history.starts_of(run))
            self.history.named(number, run, report, resumed=resumed)
        return number

    def ran(
        self, at: float, run: str, items: int = 100, code: int = 0, reason: str = "finished",
        **more: object,
    ) -> None:  # fmt: skip
        number = self.began(at, run, **more)
        counts = Counts(pages=items + 1, items=items, failed=0)
        self.history.ended(number, RunEnded(ended=at + 60, exit=code, reason=reason, counts=counts))

    def listed(self, *, failed: bool = False) -> list[RunOfList]:
        runs = RunList(self.base, self.history, NOW, asked_for)
        return list(runs.chosen(runs.of_all(), 20, failed=failed))

    def table(self, **how: bool) -> list[str]:
        return list(run_table(self.listed(**how), Look(now=NOW, one_job=True)))


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return Past(tmp_path)


def test_a_run_is_held_against_the_good_one_before_it(past: Past) -> None:
    past.ran(NIGHT - 2 * DAY, "r1", items=100)
    past.ran(NIGHT - DAY, "r2", items=50, code=3)
    past.ran(NIGHT, "r3", items=102)

    head, last, bad, first = past.table()

    assert head.split() == [
        "STARTED", "RUN", "END", "TOOK", "PAGES", "ITEMS", "CHANGE", "FAILED", "WHY",
    ]  # fmt: skip
    assert " ".join(last.split()) == "today 03:00 r3 ok 1 min 00 s 103 102 +2% 0"
    assert "-50%" in bad
    assert "check failed (3)" in bad
    assert "← look here" in bad
    assert "Fri 20 Nov 03:00" in first
    assert "←" not in last + first


def test_a_good_run_with_far_fewer_items_is_pointed_out(past: Past) -> None:
    past.ran(NIGHT - DAY, "r1", items=100)
    past.ran(NIGHT, "r2", items=80)

    assert "-20%" in past.table()[1]
    assert "← look here  20% fewer items than the good run before" in past.table()[1]


@pytest.mark.parametrize("reason", ["paused", "limit"])
def test_a_run_that_paused_and_a_look_are_held_against_nothing(past: Past, reason: str) -> None:
    past.ran(NIGHT - 2 * DAY, "r1", items=100)
    past.ran(NIGHT - DAY, "r2", items=8, reason=reason)
    past.ran(NIGHT, "r3", items=99)

    last, part, _ = past.listed()

    assert (part.change, part.look) == (None, False)
    assert last.change == pytest.approx(-0.01)


def test_a_retry_is_held_against_nothing(past: Past) -> None:
    past.ran(NIGHT - 2 * DAY, "r1", items=100)
    past.ran(NIGHT - DAY, "r2", items=1)
    past.ran(NIGHT, "r3", items=99)
    report = past.base / "reports/books/r2"
    report.mkdir(parents=True)
    (report / "summary.json").write_text('{"exit": 0, "retry_of": "r1"}')

    last, retry, _ = past.listed()

    assert (retry.change, retry.look) == (None, False)
    assert last.change == pytest.approx(-0.01)


def test_a_run_that_paused_is_gone_on_with_and_says_how(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunList, "_is_resumable", lambda self, start: start.run == "r1")
    past.ran(NIGHT, "r1", reason="paused", go_on="crawler books.yaml --resume")

    (run,) = past.listed()

    assert (run_json(run)["state"], run_json(run)["resumable"]) == ("interrupted", True)
    how = "the next run goes on with it; at once: crawler books.yaml --resume"
    assert past.table()[2].strip() == how


def test_only_the_last_bad_run_of_a_job_is_to_be_looked_at(past: Past) -> None:
    for night in (2, 1, 0):
        number = past.began(NIGHT - night * DAY, f"r{night}")
        past.history.ended(number, RunEnded(ended=NIGHT, exit=4, reason="finished", why="no site"))

    looks = [run.look for run in past.listed()]

    assert looks == [True, False, False]
    assert all("nothing reached (4)" in line and "no site" in line for line in past.table()[1:])


def test_a_run_that_crashed_and_went_on_is_one_line(past: Past) -> None:
    past.began(NIGHT - DAY, "r1")
    past.ran(NIGHT, "r1")

    (run,) = past.listed()

    assert [start.standing for start in run.starts] == ["crashed", "ended"]
    assert not run.bad
    assert "started yesterday 03:00, crashed; then it went on" in past.table()[1]
    found = run_json(run)
    assert (found["state"], found["run"], len(found["starts"])) == ("ok", "r1", 2)
    assert found["started"] == "2026-11-21T03:00:00Z"


def test_what_was_skipped_is_no_failure_and_hides_none(past: Past) -> None:
    past.began(NIGHT - DAY, "r1")
    began = RunBegan(job="books", started=NIGHT, pid=8, host="vm")
    past.history.skipped(began, "another run of this job is going on: pid 7")
    past.history.refused(began, "unknown key 'x'")

    refused, skipped, crashed = past.listed()

    assert (refused.look, skipped.look, crashed.look) == (False, False, True)
    assert [run_json(run)["state"] for run in past.listed(failed=True)] == ["refused", "crashed"]


def test_nights_on_which_nothing_was_started_are_missed(past: Past) -> None:
    plan = Planned(cron="0 3 * * *", zone="UTC")
    past.ran(NIGHT - 9 * DAY, "r0", trigger="hand", planned=plan)
    past.ran(NIGHT - 4 * DAY + 10, "r1", planned=plan)
    past.ran(NIGHT - DAY + 10, "r2", planned=plan)

    states = [run_json(run)["state"] for run in past.listed()]
    _, last, _, before, *_ = past.table()

    assert states == ["missed", "ok", "missed", "ok", "ok"]
    assert last.startswith("today 03:00")
    assert "← look here  nothing started it: was the machine off, or cron stopped?" in last
    assert "nothing started it (2 times since Thu 19 Nov 03:00)" in before
    found = run_json(past.listed()[2])
    assert (found["times"], found["first"], found["run"]) == (2, "2026-11-19T03:00:00Z", None)


def test_a_list_of_the_last_runs_reads_no_further_back(past: Past) -> None:
    plan = Planned(cron="0 3 * * *", zone="UTC")
    for night in range(20, 0, -2):
        past.ran(NIGHT - night * DAY + 10, f"r{night}", planned=plan)
    asked: list[float] = []

    def times(cron: str, zone: str | None, after: float, before: float) -> Iterator[float]:
        asked.append(after)
        return asked_for(cron, zone, after, before)

    runs = RunList(past.base, past.history, NOW, times)
    first = list(runs.chosen(runs.of("books"), 3, failed=False))

    assert [run_json(run)["state"] for run in first] == ["missed", "ok", "missed"]
    assert len(asked) <= 3


def test_a_narrow_terminal_gets_the_reason_on_a_line_of_its_own(past: Past) -> None:
    number = past.began(NIGHT, "r1")
    past.history.ended(number, RunEnded(ended=NIGHT, exit=1, reason="x", why="\x1b[2J" + "a" * 99))

    look = Look(now=NOW, one_job=False, colour=True, width=90)
    _, line, why = run_table(past.listed(), look)

    assert "\x1b[31minternal error (1)" in line
    assert why.startswith("    \\x1b[2Jaaa")


def test_times_are_said_as_people_say_them() -> None:
    said = [when(NOW - days * DAY, NOW) for days in (0, 1, 2, 400)]

    assert said == ["today 08:00", "yesterday 08:00", "Fri 20 Nov 08:00", "2025-10-18 08:00"]


def test_a_night_on_which_clocks_change_misses_nothing(past: Past) -> None:
    spring = 1_774_659_600.0  # 28 March 2026, 02:00 in Berlin; the next night has no 02:30
    times = list(asked_for("30 2 * * *", "Europe/Berlin", spring, spring + 2.5 * DAY))
    autumn = list(asked_for("30 2 * * *", "Europe/Berlin", NOW - 29 * DAY, NOW - 27 * DAY))

    assert [at - spring for at in times] == [1_800, 1_800 + 2 * DAY - 3_600]
    assert len(autumn) == 2
    assert list(asked_for("never", None, 0, NOW)) == []
