"""What is said of the next runs of a scheduled job."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crawler.app.cron.cron_plan import CronPlan, plan_of, variables_in
from crawler.app.cron.run_words import Timetable, timetable_lines
from crawler.errors import ConfigError
from crawler.policy.run_times import Manner
from crawler.schedule.machine_zone import MachineZone

NOW = datetime(2026, 11, 29, 1, tzinfo=UTC).timestamp()
UTC_MACHINE = MachineZone("Etc/UTC", ZoneInfo("Etc/UTC"))


def plan(folder: Path, cron: str, zone: str | None = None) -> CronPlan:
    config = folder / "job.yaml"
    zoned = f", timezone: {zone}" if zone else ""
    config.write_text(
        f'name: x\nstart: [https://a.example/]\nschedule: {{cron: "{cron}"{zoned}}}\n'
    )
    return plan_of(config, folder, {})


def said(job: CronPlan, times: str, zone: str, manner: Manner, until: float | None = None) -> str:
    table = Timetable(
        times=(times,), zone=ZoneInfo(zone), manner=manner, machine=UTC_MACHINE,
        job_zone=job.schedule.timezone, right_until=until,
    )  # fmt: skip
    return "\n".join(timetable_lines(job, table, NOW))


@pytest.mark.parametrize(
    ("cron", "manner", "spring", "autumn"),
    [
        ("30 2 * * *", Manner.EACH_ONCE, "it runs at 03:00", "it runs the first time"),
        ("30 2 * * *", Manner.AT_MOST_ONCE, "it does not run then", "it runs the first time"),
        ("30 2 * * *", Manner.AS_THE_CLOCK, "it does not run then", "it runs twice"),
        ("*/30 2 * * *", Manner.EACH_ONCE, "it does not run then", "it runs twice"),
    ],
)
def test_a_night_when_clocks_change_is_told_with_what_becomes_of_the_run(
    tmp_path: Path, cron: str, manner: Manner, spring: str, autumn: str
) -> None:
    job = plan(tmp_path, cron, "Europe/Berlin")

    lines = said(job, cron, "Europe/Berlin", manner).splitlines()

    first, second = (line for line in lines if line.startswith("  clocks"))
    assert "2027-03-28" in first
    assert first.endswith(spring)
    assert "2027-10-31" in second
    assert second.endswith(autumn)


def test_runs_are_shown_in_both_zones_with_the_day_where_it_is_another(tmp_path: Path) -> None:
    job = plan(tmp_path, "15 3 * * *", "Asia/Kolkata")

    text = said(job, "45 21 * * *", "Etc/UTC", Manner.EACH_ONCE)

    assert "Asia/Kolkata            this machine (Etc/UTC)" in text
    assert "Mon 2026-11-30 03:15    Sun 2026-11-29 21:45" in text
    assert "clocks" not in text


def test_a_time_that_is_converted_for_months_says_until_when_and_nothing_of_clocks(
    tmp_path: Path,
) -> None:
    job = plan(tmp_path, "30 2 * * *", "Europe/Berlin")
    until = datetime(2027, 3, 28, 1, tzinfo=UTC).timestamp()

    text = said(job, "30 1 * * *", "Etc/UTC", Manner.EACH_ONCE, until)

    assert "until       Sun 2027-03-28" in text
    assert "clocks     " not in text


def test_a_plan_has_whole_paths_and_this_python(tmp_path: Path) -> None:
    command = plan(tmp_path, "@daily").command

    assert command.python == sys.executable
    assert command.config == tmp_path / "job.yaml"
    assert command.base == tmp_path


def test_a_path_with_a_line_break_would_be_a_second_line_of_the_crontab(tmp_path: Path) -> None:
    folder = tmp_path / "a\nb"
    folder.mkdir()

    with pytest.raises(ConfigError, match="control character"):
        plan(folder, "@daily")


def test_a_file_of_variables_is_read_as_the_shell_and_systemd_read_it(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# all\n\nA=1\n B='two words'\nC=\"x y\"\nD=\n")

    assert variables_in(file) == {"A": "1", "B": "two words", "C": "x y", "D": ""}


@pytest.mark.parametrize("line", ["export A=1", "A", "A=b c", "A='b", "1A=b"])
def test_what_they_do_not_read_alike_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "env"
    file.write_text(f"A=1\n{line}\n")

    with pytest.raises(ConfigError, match="env:2"):
        variables_in(file)
