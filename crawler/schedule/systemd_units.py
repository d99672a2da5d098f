"""The text of a service and a timer of systemd that start a job."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from crawler.cron_line import CronLine
from crawler.schedule.start_command import StartCommand

_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
#: First line of every unit of ours.
HEAD = "# Written by `crawler cron install --systemd`: change `schedule` and install again."
#: A run that pauses finishes what is on its way, for so many seconds at most.
_GRACE = 15 * 60


class UnitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What units are made of.

    Attributes:
        job: Its name.
        line: When it runs.
        zone: Zone of `line`; None for the machine's.
        jitter: Longest delay, in seconds.
        max_runtime: Seconds after which a run pauses; None for never.
        catch_up: Whether a missed run is made up for.
        command: What starts it.
        system: Units of the machine, not of a user.
    """

    job: str
    line: CronLine
    zone: str | None
    jitter: float
    max_runtime: float | None
    catch_up: bool
    command: StartCommand
    system: bool


def unit_name(job: str) -> str:
    """Return the name of a job's units, without an ending."""
    return f"crawler-{job}"


def service_text(unit: UnitSettings) -> str:
    """Return the service."""
    command = unit.command
    # The timer has waited already, and would have made up for what was missed.
    words = command.words("--set", "schedule.jitter=0s", "--set", "schedule.catch_up=never")
    lines = [
        HEAD,
        f"# config: {command.config}",
        f"# base: {command.base}",
        *([f"# env_file: {command.env_file}"] if command.env_file else []),
        "[Unit]",
        f"Description=crawler {unit.job}",
        *(_NETWORK if unit.system else ()),
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_specifiers(str(command.base))}",
        *(f"Environment={_quoted(f'{name}={value}')}" for name, value in command.variables.items()),
        *_env_file(command.env_file),
        f"ExecStart={' '.join(map(_argument, words))}",
        "# 75: another run of the job goes on, which is no failure.",
        "SuccessExitStatus=75",
        f"TimeoutStartSec={_limit(unit.max_runtime)}",
        "TimeoutStopSec=60",
        "# The run ends its own workers.",
        "KillMode=mixed",
        "Nice=10",
        "IOSchedulingClass=idle",
        "NoNewPrivileges=yes",
        *(_hardening(command) if unit.system else ()),
    ]
    return "\n".join(lines) + "\n"


def timer_text(unit: UnitSettings) -> str:
    """Return the timer."""
    lines = [
        HEAD,
        "[Unit]",
        f"Description=crawler {unit.job}, by its schedule: {unit.line.text}",
        "",
        "[Timer]",
        *(f"OnCalendar={one}" for one in calendar_events(unit.line, unit.zone)),
        f"Persistent={'yes' if unit.catch_up else 'no'}",
        "AccuracySec=1s",
        *_delay(unit.jitter),
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def calendar_events(line: CronLine, zone: str | None) -> list[str]:
    """Return a cron line as calendar events of systemd.time(7).

    When one of the two day fields of a line is enough there are two events, since systemd wants
    both of one.
    """
    times = f"{_numbers(line.hours, 24)}:{_numbers(line.minutes, 60)}:00"
    behind = f" {zone}" if zone else ""
    months, days = _numbers(line.months, 12), _numbers(line.days, 31)
    weekdays = "" if len(line.weekdays) == 7 else f"{_days_of_week(line.weekdays)} "
    if line.either_day:
        return [
            f"*-{months}-{days} {times}{behind}",
            f"{weekdays}*-{months}-* {times}{behind}",
        ]
    return [f"{weekdays}*-{months}-{days} {times}{behind}"]


_NETWORK = ("Wants=network-online.target", "After=network-online.target")


def _hardening(command: StartCommand) -> list[str]:
    # No PrivateTmp: the jobs of a user share the delays of hosts through a file in /tmp.
    protected = any(command.base.is_relative_to(folder) for folder in ("/usr", "/boot", "/etc"))
    return [] if protected else ["ProtectSystem=full"]


def _env_file(path: Path | None) -> list[str]:
    return [f"EnvironmentFile={_specifiers(str(path))}"] if path else []


def _limit(max_runtime: float | None) -> str:
    """Return the time after which systemd ends a run that did not pause by itself."""
    return "infinity" if max_runtime is None else f"{int(max_runtime + _GRACE)}s"


def _delay(jitter: float) -> list[str]:
    if not jitter:
        return []
    return [f"RandomizedDelaySec={max(1, round(jitter))}s", "FixedRandomDelay=true"]


def _numbers(numbers: tuple[int, ...], whole: int) -> str:
    return "*" if len(numbers) == whole else ",".join(f"{number:02}" for number in numbers)


def _days_of_week(weekdays: tuple[int, ...]) -> str:
    return ",".join(_WEEKDAYS[day] for day in sorted(weekdays, key=lambda day: (day - 1) % 7))


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _argument(word: str) -> str:
    """Return a word of a command line, in which `$` would name a variable."""
    return _quoted(word.replace("$", "$$"))


def _quoted(text: str) -> str:
    """Quote as systemd.syntax(7) has it."""
    text = _specifiers(text)
    if re.fullmatch(r"[\w@%+=:,./$-]+", text, re.ASCII):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
