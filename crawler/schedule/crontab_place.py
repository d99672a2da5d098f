"""How a job's time is written into a crontab whose daemon has a zone of its own.

Vixie's cron, which Debian and Ubuntu have, ignores `CRON_TZ` in a crontab without a word; cronie
honours it. Where it is ignored a line can only be converted, which is right for good if both zones
are always as far apart as now, and else until the clocks of one of them change.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from crawler.cron_line import CronLine, CronLineError
from crawler.errors import ConfigError
from crawler.policy.run_times import Manner
from crawler.policy.shifted_lines import shifted_lines
from crawler.schedule.machine_zone import MachineZone

#: How far ahead two zones are compared: changes of the clocks are not decided further ahead.
_AHEAD = timedelta(days=366 * 5)
#: What the C library takes for "as the machine has it".
_LOCAL = ":/etc/localtime"


class CronDaemon(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to know of the machine's cron.

    Attributes:
        machine: Its zone.
        knows_cron_tz: Whether `CRON_TZ` in a crontab counts.
    """

    machine: MachineZone
    knows_cron_tz: bool


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A job's time as a crontab has it.

    Attributes:
        times: The five fields, of each line.
        zone: In which the daemon reads them.
        manner: What the daemon makes of clock changes.
        before: Lines in front.
        after: Lines behind, that undo those in front for what follows.
        converted_until: Until when the lines are right, in seconds since 1970 UTC; None for good.
        note: What to say of it; may be empty.
    """

    times: tuple[str, ...]
    zone: ZoneInfo
    manner: Manner
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    converted_until: float | None = None
    note: str = ""


def place(
    line: CronLine, name: str | None, daemon: CronDaemon, *, now: float, convert: bool = False,
    in_force: str | None = None,
) -> Place:  # fmt: skip
    """Return how a line is written.

    Args:
        line: When.
        name: Zone that it is meant in; None for the machine's.
        daemon: Of this machine.
        now: Seconds since 1970 UTC.
        convert: Convert it even if that is right only for a time.
        in_force: `CRON_TZ` as somebody set it further up in the crontab; None for none.

    Raises:
        ConfigError: It cannot be written; the message says what can be done.
    """
    machine = daemon.machine
    zone = machine.zone if name is None else ZoneInfo(name)
    shift, until = _shift(zone, machine.zone, now)
    if daemon.knows_cron_tz and (in_force is not None or shift or until is not None):
        wanted = name or machine.name or _LOCAL
        return Place(
            times=(line.text,), zone=zone, manner=Manner.AS_THE_CLOCK,
            before=(f"CRON_TZ={wanted}",),
            after=(f"CRON_TZ={in_force or machine.name or _LOCAL}",),
            note=f"written with CRON_TZ={wanted}, which this cron honours",
        )  # fmt: skip
    if until is not None and not convert:
        raise _refused(str(name), machine, until)
    try:
        times = tuple(shifted_lines(line, shift))
    except CronLineError as error:
        raise ConfigError(
            f"schedule: {line.text!r} in {name} {error}, {machine.title}, and this cron knows no "
            "other\n  use --systemd, which knows zones"
        ) from None
    note = ""
    if shift or until is not None:
        note = f"written in the zone of this machine, {machine.title}: this cron ignores CRON_TZ"
    return Place(
        times=times, zone=machine.zone, manner=Manner.EACH_ONCE, converted_until=until, note=note
    )


def cron_tz_in_force(lines: Iterable[bytes]) -> str | None:
    """Return the last `CRON_TZ` that lines of a crontab set; None if none does."""
    found = None
    for line in lines:
        name, equals, value = line.partition(b"=")
        if equals and name.strip() == b"CRON_TZ":
            found = value.strip().strip(b"\"'").decode("utf-8", "replace")
    return found


def _refused(name: str, machine: MachineZone, until: float) -> ConfigError:
    day = datetime.fromtimestamp(until, UTC).date()
    return ConfigError(
        f"schedule.timezone: this cron knows only the zone of this machine, {machine.title}, and "
        f"ignores CRON_TZ; how far {name} is from it changes on {day}\n"
        "  use --systemd, which knows zones; or leave `timezone` out and write `cron` in "
        f"{machine.title}\n"
        f"  or --convert: right until {day}, when it has to be installed again"
    )


def _shift(zone: ZoneInfo, machine: ZoneInfo, now: float) -> tuple[int, float | None]:
    """Return by how many minutes the machine's clock is ahead of a zone's, and until when."""
    begin = datetime.fromtimestamp(now, UTC)
    first = _apart(zone, machine, begin)
    minutes = round(first.total_seconds() / 60)
    day = timedelta(days=1)
    at = begin
    while at < begin + _AHEAD:
        if _apart(zone, machine, at + day) != first:
            return minutes, _change(zone, machine, at, at + day).timestamp()
        at += day
    return minutes, None


def _change(zone: ZoneInfo, machine: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = _apart(zone, machine, low)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if _apart(zone, machine, middle) == before else (low, middle)
    return high


def _apart(zone: ZoneInfo, machine: ZoneInfo, at: datetime) -> timedelta:
    there, here = at.astimezone(zone).utcoffset(), at.astimezone(machine).utcoffset()
    return (here or timedelta()) - (there or timedelta())
