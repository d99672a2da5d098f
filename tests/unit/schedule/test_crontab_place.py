from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.cron_line import parse_cron_line
from crawler.errors import ConfigError
from crawler.policy.run_times import Manner
from crawler.schedule.crontab_place import CronDaemon, cron_tz_in_force, place
from crawler.schedule.machine_zone import MachineZone

WINTER = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
SUMMER = datetime(2026, 7, 1, tzinfo=UTC).timestamp()


def debian(zone: str) -> CronDaemon:
    return CronDaemon(machine=MachineZone(zone, ZoneInfo(zone)), knows_cron_tz=False)


def cronie(zone: str) -> CronDaemon:
    return CronDaemon(machine=MachineZone(zone, ZoneInfo(zone)), knows_cron_tz=True)


@pytest.mark.parametrize(
    ("zone", "machine"),
    [(None, "Europe/Berlin"), ("Europe/Berlin", "Europe/Berlin"), ("UTC", "Etc/UTC"),
     ("Europe/Berlin", "Europe/Paris")],
)  # fmt: skip
def test_a_line_in_a_zone_like_the_machines_is_written_as_it_is(
    zone: str | None, machine: str
) -> None:
    for daemon in (debian(machine), cronie(machine)):
        placed = place(parse_cron_line("15 3 * * *"), zone, daemon, now=WINTER)

        assert (placed.times, placed.before, placed.note) == (("15 3 * * *",), (), "")
        assert placed.manner is Manner.EACH_ONCE


def test_zones_that_are_always_as_far_apart_are_converted_for_good() -> None:
    placed = place(parse_cron_line("15 3 * * *"), "Asia/Kolkata", debian("Etc/UTC"), now=WINTER)

    assert placed.times == ("45 21 * * *",)
    assert placed.converted_until is None
    assert "Etc/UTC" in placed.note


def test_a_zone_whose_distance_changes_is_refused_with_the_ways_out() -> None:
    with pytest.raises(ConfigError) as raised:
        place(parse_cron_line("15 3 * * *"), "Europe/Berlin", debian("Etc/UTC"), now=WINTER)

    said = str(raised.value)
    assert "ignores CRON_TZ" in said
    assert "2027-03-28" in said
    assert all(way in said for way in ("--systemd", "`timezone`", "--convert"))


@pytest.mark.parametrize(
    ("now", "time", "until"),
    [(WINTER, "15 2 * * *", "2027-03-28T01:00"), (SUMMER, "15 1 * * *", "2026-10-25T01:00")],
)
def test_it_is_converted_when_that_is_asked_for_until_the_clocks_change(
    now: float, time: str, until: str
) -> None:
    placed = place(
        parse_cron_line("15 3 * * *"), "Europe/Berlin", debian("Etc/UTC"), now=now, convert=True
    )

    assert placed.times == (time,)
    assert placed.converted_until is not None
    assert datetime.fromtimestamp(placed.converted_until, UTC).isoformat().startswith(until)


def test_days_that_would_be_others_are_refused() -> None:
    with pytest.raises(ConfigError, match="use --systemd"):
        place(parse_cron_line("15 3 1 * *"), "Asia/Kolkata", debian("Etc/UTC"), now=WINTER)


def test_cronie_gets_cron_tz_and_what_follows_its_own_zone_back() -> None:
    placed = place(parse_cron_line("15 3 * * *"), "Europe/Berlin", cronie("Etc/UTC"), now=WINTER)

    assert placed.times == ("15 3 * * *",)
    assert placed.before == ("CRON_TZ=Europe/Berlin",)
    assert placed.after == ("CRON_TZ=Etc/UTC",)
    assert placed.manner is Manner.AS_THE_CLOCK


def test_cron_tz_that_somebody_set_further_up_is_undone_for_the_job_alone() -> None:
    line = parse_cron_line("15 3 * * *")

    placed = place(line, None, cronie("Etc/UTC"), now=WINTER, in_force="Asia/Tokyo")
    ignored = place(line, None, debian("Etc/UTC"), now=WINTER, in_force="Asia/Tokyo")

    assert (placed.before, placed.after) == (("CRON_TZ=Etc/UTC",), ("CRON_TZ=Asia/Tokyo",))
    assert ignored.before == ()


@pytest.mark.parametrize(
    ("lines", "zone"),
    [
        ([], None),
        ([b"# CRON_TZ=A/B", b"* * * * * CRON_TZ=A/B true"], None),
        ([b"CRON_TZ = 'Asia/Tokyo'", b"CRON_TZ=UTC"], "UTC"),
    ],
)
def test_the_last_cron_tz_is_in_force(lines: list[bytes], zone: str | None) -> None:
    assert cron_tz_in_force(lines) == zone
