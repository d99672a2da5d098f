from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

HEAD = "name: x\nstart: [https://a.example/]\nschedule:\n"


def test_a_schedule_has_numbers_in_seconds_and_defaults(load: Load) -> None:
    schedule = load(
        HEAD + '  cron: "15 3 * * *"\n  timezone: Europe/Berlin\n  jitter: 10m\n'
        "  max_runtime: 4h\n  catch_up: once\n  keep: {runs: 30, size: 1GiB}\n"
    ).job.schedule

    assert (schedule.cron, schedule.timezone) == ("15 3 * * *", "Europe/Berlin")
    assert (schedule.jitter, schedule.max_runtime, schedule.max_wait) == (600, 14_400, 3600)
    assert (schedule.overlap, schedule.catch_up) == ("skip", "once")
    assert (schedule.keep.runs, schedule.keep.size) == (30, 2**30)


def test_a_job_without_a_schedule_has_none_of_it(load: Load) -> None:
    schedule = load("name: x\nstart: [https://a.example/]\n").job.schedule

    assert (schedule.cron, schedule.timezone, schedule.jitter) == (None, None, 0)
    assert (schedule.max_runtime, schedule.catch_up) == (None, "never")


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        ('cron: "0 0 31 2 *"', "schedule.cron: '0 0 31 2 *' would never run", "29 days"),
        ('cron: "0 3 * *"', "has 4 fields, not five", "minute, hour"),
        ("cron: 15", "expected text, not a number", 'quote it: "15"'),
        ("timezone: Europe/Berln", "'Europe/Berln' is no time zone", "'Europe/Berlin'"),
        ("timezone: europe/berlin", "is no time zone", "'Europe/Berlin'"),
        ("timezone: Berlin", "is no time zone", "'Europe/Berlin'"),
        ("timezone: New York", "is no time zone", "'America/New_York'"),
        ("timezone: '+02:00'", "is no time zone", "name a place"),
        ("timezone: ../../etc/passwd", "is no time zone", "name a place"),
        ("timezone: localtime", "is no time zone", ""),
        ("timezone: ''", "is no time zone", "name a place"),
        ("jitter: 10", "needs a unit", "write 10s"),
        ("overlap: stop-old", "is not one of skip, wait, stop_old", "did you mean 'stop_old'?"),
        ("catch_up: always", "is not one of never, once", ""),
        ("max_runtime: 0s", "must be more than nothing", ""),
        ("keep: {runs: 0}", "is not at least 1", ""),
        ("keep: 30", "expected a map", ""),
        ("at: 03:15", "unknown key 'at' in schedule", ""),
    ],
)
def test_what_makes_no_schedule_is_refused_at_its_line(
    problems: Fail, line: str, says: str, hint: str
) -> None:
    (problem,) = problems(f"{HEAD}  {line}\n")

    assert problem.line == 4
    assert says in problem.message
    assert hint in problem.hint


def test_a_jitter_that_reaches_the_next_run_is_refused(problems: Fail) -> None:
    (problem,) = problems(HEAD + '  cron: "*/15 * * * *"\n  jitter: 15m\n')

    assert "less than the 15m between two runs" in problem.message


def test_without_a_database_of_zones_the_message_says_what_to_install(
    problems: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_there(key: str) -> zoneinfo.ZoneInfo:
        raise zoneinfo.ZoneInfoNotFoundError(key)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", none_there)
    monkeypatch.setattr(zoneinfo, "available_timezones", lambda: set[str]())

    (problem,) = problems(HEAD + "  timezone: Europe/Berlin\n")

    assert "no time zone database" in problem.message
    assert "tzdata" in problem.message or "tzdata" in problem.hint
