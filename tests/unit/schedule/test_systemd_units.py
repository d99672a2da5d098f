from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crawler.cron_line import parse_cron_line
from crawler.policy.run_times import Manner, run_times
from crawler.schedule.start_command import StartCommand
from crawler.schedule.systemd_units import (
    UnitSettings,
    calendar_events,
    service_text,
    timer_text,
)

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")


def unit(
    base: Path = Path("/srv/crawl"), python: str = "/opt/bin/python", **changed: Any
) -> UnitSettings:
    command = StartCommand(python=python, config=base / "docs.yaml", base=base)
    settings: dict[str, Any] = {
        "job": "docs", "line": parse_cron_line("15 3 * * *"), "zone": "Europe/Berlin",
        "jitter": 600.0, "max_runtime": 4 * 3600.0, "catch_up": True, "command": command,
        "system": True,
    }  # fmt: skip
    return UnitSettings(**{**settings, **changed})


@pytest.mark.parametrize(
    ("cron", "zone", "events"),
    [
        ("15 3 * * *", "Europe/Berlin", ["*-*-* 03:15:00 Europe/Berlin"]),
        ("*/30 * * * *", None, ["*-*-* *:00,30:00"]),
        ("0 3 * * sun,mon", None, ["Mon,Sun *-*-* 03:00:00"]),
        ("0 3 1,15 1-2 *", None, ["*-01,02-01,15 03:00:00"]),
        ("0 3 13 * fri", "UTC", ["*-*-13 03:00:00 UTC", "Fri *-*-* 03:00:00 UTC"]),
        ("0 3 */10 * fri", None, ["Fri *-*-01,11,21,31 03:00:00"]),
    ],
)
def test_a_cron_line_is_one_calendar_event_or_two(
    cron: str, zone: str | None, events: list[str]
) -> None:
    assert calendar_events(parse_cron_line(cron), zone) == events


def test_a_timer_has_jitter_and_makes_up_for_missed_runs_as_the_schedule_says() -> None:
    lines = timer_text(unit()).splitlines()
    plain = timer_text(unit(jitter=0.0, catch_up=False))

    assert {"RandomizedDelaySec=600s", "FixedRandomDelay=true", "Persistent=yes"} <= set(lines)
    assert "Persistent=no" in plain
    assert "Delay" not in plain


def test_a_service_waits_no_second_time_and_takes_a_busy_job_for_no_failure() -> None:
    lines = service_text(unit()).splitlines()

    (start,) = (line for line in lines if line.startswith("ExecStart="))
    assert "--cron --set schedule.jitter=0s --set schedule.catch_up=never" in start
    assert {"SuccessExitStatus=75", "TimeoutStartSec=15300s", "KillMode=mixed"} <= set(lines)
    assert "ProtectSystem=full" in lines
    assert "TimeoutStartSec=infinity" in service_text(unit(max_runtime=None))


def test_a_job_sees_the_tmp_in_which_jobs_share_the_delays_of_hosts() -> None:
    assert "PrivateTmp" not in service_text(unit())


def test_a_users_units_ask_for_nothing_that_only_the_machine_can_give() -> None:
    text = service_text(unit(system=False))

    assert not any(word in text for word in ("network-online", "PrivateTmp", "ProtectSystem"))


def test_paths_with_blanks_percents_and_dollars_are_quoted() -> None:
    text = service_text(unit(Path('/srv/my 50% "$HOME"')))

    assert r'"/srv/my 50%% \"$$HOME\"/docs.yaml"' in text
    assert 'WorkingDirectory=/srv/my 50%% "$HOME"' in text


@needs_systemd
@pytest.mark.parametrize("system", [True, False])
@pytest.mark.parametrize("folder", ["plain", 'my 50% "$HOME" ü'])
def test_systemd_accepts_the_units(tmp_path: Path, system: bool, folder: str) -> None:
    base = tmp_path / folder
    base.mkdir()
    settings = unit(base, sys.executable, system=system)
    paths = [tmp_path / f"crawler-docs.{kind}" for kind in ("service", "timer")]
    for path, text in zip(paths, (service_text(settings), timer_text(settings)), strict=True):
        path.write_text(text)
    env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}

    whose = "--system" if system else "--user"
    assert ANALYZE is not None
    ran = subprocess.run(
        [ANALYZE, "verify", whose, "--man=no", *paths], capture_output=True, text=True, env=env,
        check=False,
    )  # fmt: skip

    assert [line for line in ran.stderr.splitlines() if "crawler-docs" in line] == []
    assert ran.returncode == 0


@needs_systemd
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 3 13 * fri", "*/30 1-3 * * *", "5 4 29 2 *"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("day", ["2026-03-07", "2026-03-28", "2026-10-24", "2026-10-31"])
def test_the_timer_elapses_when_we_say_it_does(cron: str, zone: str, day: str) -> None:
    line = parse_cron_line(cron)
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
    ours = run_times(line, ZoneInfo(zone), begin.timestamp(), Manner.AT_MOST_ONCE)

    theirs = {
        at for event in calendar_events(line, zone) for at in elapses(event, day, count=6)
    }  # fmt: skip

    assert sorted(theirs)[:6] == [
        datetime.fromtimestamp(at, UTC).replace(tzinfo=None) for at in islice(ours, 6)
    ]


def elapses(event: str, day: str, *, count: int) -> list[datetime]:
    assert ANALYZE is not None
    command = [
        ANALYZE, "calendar", f"--base-time={day} 00:00:00 UTC", f"--iterations={count}", event,
    ]  # fmt: skip
    env = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    said = subprocess.run(command, capture_output=True, text=True, env=env, check=True).stdout
    lines = (line.split(": ", 1)[1] for line in said.splitlines() if line.endswith(" UTC"))
    return [datetime.strptime(line[4:-4], "%Y-%m-%d %H:%M:%S") for line in lines]  # noqa: DTZ007 - all of it is UTC
