"""What is scheduled on this machine, beside what the configs say now and how the last runs went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from crawler.app.cron.cron_plan import CronPlan, plan_of
from crawler.app.cron.crontab_jobs import CrontabJobs, block_body
from crawler.app.cron.run_words import Timetable, short, stamp
from crawler.app.cron.systemd_jobs import SystemdJobs
from crawler.errors import ConfigError, StateError
from crawler.schedule.crontab_text import Block, Crontab
from crawler.schedule.machine_zone import MachineZone
from crawler.schedule.run_history import PastRun, RunHistory

#: "current": as the config says; "differs": the config says something else; "edited": by hand;
#: "broken": its config is gone or wrong.
Standing = Literal["current", "differs", "edited", "broken"]

_ADVICE: Mapping[str, str] = {
    "differs": "the config says otherwise now: install it again",
    "edited": "what is installed was edited by hand; install --force writes over it",
}


class InstalledJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that something starts.

    Attributes:
        job: Its name.
        where: What starts it.
        config: Its config, as installed.
        base: Base of its state, as installed.
        standing: How what is installed and the config agree.
        why: What is wrong with the config; empty if nothing.
        cron: When, as the config says; None if that cannot be read.
        timezone: In which zone; None for the machine's.
        next_runs: In seconds since 1970 UTC.
        timetable: From which those are; None if they cannot be known.
        last: The last start on record; None if there is none.
    """

    job: str
    where: Literal["crontab", "systemd"]
    config: str
    base: str
    standing: Standing
    why: str = ""
    cron: str | None = None
    timezone: str | None = None
    next_runs: tuple[float, ...] = ()
    timetable: Timetable | None = None
    last: PastRun | None = None


def in_crontab(jobs: CrontabJobs, now: float, environ: Mapping[str, str]) -> Iterator[InstalledJob]:
    """Yield the jobs in the crontab, in its order.

    Raises:
        StateError: It cannot be read, or is damaged.
    """
    crontab = jobs.crontab()
    for block in crontab.blocks.values():
        found, plan = _looked_up(block.name, "crontab", block.facts, environ)
        if plan is not None:
            table = jobs.timetable(block, plan.schedule.timezone)
            standing = _standing(jobs, crontab, block, plan, now)
            found = _with_times(found, plan, table, now, standing)
        yield found


def in_systemd(jobs: SystemdJobs, now: float, environ: Mapping[str, str]) -> Iterator[InstalledJob]:
    """Yield the jobs that have a timer, by name."""
    for name in jobs.names():
        found, plan = _looked_up(name, "systemd", jobs.facts(name), environ)
        if plan is not None:
            standing: Standing = "current" if jobs.is_current(plan) else "differs"
            standing = standing if jobs.intact(name) else "edited"
            found = _with_times(found, plan, jobs.timetable(plan), now, standing)
        yield found


def table_lines(found: list[InstalledJob], machine: MachineZone) -> Iterator[str]:
    """Yield a table for people: a line a job, and below it what is to be done."""
    head = ("JOB", "WHERE", "SCHEDULE", f"NEXT ({machine.title})", "LAST")
    rows = [head, *(_row(one, machine) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for number, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
        if number:
            yield from _below(found[number - 1])


def plain_job(found: InstalledJob) -> dict[str, Any]:
    """Return a job for programs."""
    last = found.last
    zone = found.timetable.zone if found.timetable else None
    return {
        "job": found.job, "where": found.where, "config": found.config, "base": found.base,
        "standing": found.standing, "why": found.why, "cron": found.cron,
        "timezone": found.timezone,
        "next": [stamp(at, zone) for at in found.next_runs] if zone else [],
        "last": None if last is None else {
            "run": last.run, "standing": last.standing, "started": last.started,
            "ended": last.ended, "exit": last.exit,
        },
    }  # fmt: skip


def _row(found: InstalledJob, machine: MachineZone) -> tuple[str, ...]:
    schedule = found.cron or "?"
    if found.timezone:
        schedule += f" {found.timezone}"
    zone = machine.zone
    upcoming = short(found.next_runs[0], zone) if found.next_runs else "?"
    return found.job, found.where, schedule, upcoming, _last(found.last, machine)


def _last(last: PastRun | None, machine: MachineZone) -> str:
    if last is None:
        return "never"
    how = f"exit {last.exit}" if last.standing == "ended" else last.standing
    return f"{short(last.started, machine.zone)} {how}"


def _below(found: InstalledJob) -> Iterator[str]:
    if found.standing == "broken":
        yield f"  its config cannot be used: {found.why}"
    elif found.standing != "current":
        yield f"  {_ADVICE[found.standing]}: {found.config}"


def _looked_up(
    name: str, where: Literal["crontab", "systemd"], facts: Mapping[str, str],
    environ: Mapping[str, str],
) -> tuple[InstalledJob, CronPlan | None]:  # fmt: skip
    """Return what is installed, and the plan of its config if that can be read."""
    config, base = facts.get("config", ""), facts.get("base", "")
    found = InstalledJob(
        job=name,
        where=where,
        config=config,
        base=base,
        standing="broken",
        last=_history(base, name),
    )
    env_file = facts.get("env_file")
    try:
        plan = plan_of(Path(config), Path(base), environ, Path(env_file) if env_file else None)
    except ConfigError as error:
        why = error.problems[0].render().splitlines()[0]
        return msgspec.structs.replace(found, why=why), None
    if plan.name != name:
        why = f"its name is '{plan.name}' now"
        return msgspec.structs.replace(found, why=why), None
    return found, plan


def _with_times(
    found: InstalledJob, plan: CronPlan, table: Timetable | None, now: float, standing: Standing
) -> InstalledJob:
    runs = tuple(table.next_runs(now)) if table else ()
    return msgspec.structs.replace(
        found, cron=plan.line.text, timezone=plan.schedule.timezone, timetable=table,
        next_runs=runs, standing=standing,
    )  # fmt: skip


def _standing(
    jobs: CrontabJobs, crontab: Crontab, block: Block, plan: CronPlan, now: float
) -> Standing:
    if not block.intact:
        return "edited"
    try:
        converted = "converted" in block.facts
        body, _ = block_body(plan, jobs.daemon, now, crontab=crontab, convert=converted)
    except ConfigError:
        return "differs"
    return "current" if body == block.body else "differs"


def _history(base: str, name: str) -> PastRun | None:
    try:
        runs = RunHistory(Path(base) / "state" / "runs.sqlite").recent(name, 1)
    except StateError:
        return None
    return runs[0] if runs else None
