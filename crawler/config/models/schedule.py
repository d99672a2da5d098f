"""When a job runs by itself, and what a run does beside another of the same job: `schedule`."""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from crawler.config.models.fields import (
    Duration,
    Settings,
    Size,
    Span,
    bad_value,
    bad_whole,
    written,
)
from crawler.config.suggest import nearest
from crawler.cron_line import CronLineError, parse_cron_line

#: Files of the database that name no place of their own.
_NO_ZONES = frozenset(("localtime", "posixrules", "Factory", "right", "posix"))


def _cron(value: str) -> str:
    try:
        parse_cron_line(value)
    except CronLineError as error:
        raise bad_value(str(error), error.hint) from None
    return value


def _zone(value: str) -> str:
    try:
        known = value.split("/")[0] not in _NO_ZONES and bool(zoneinfo.ZoneInfo(value).key)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if not known:
        raise _unknown_zone(value)
    return value


def _unknown_zone(value: str) -> Exception:
    zones = zoneinfo.available_timezones()
    if not zones:
        return bad_whole(
            f"the zone '{value}' cannot be looked up: this machine has no time zone database",
            "install the package tzdata",
        )
    wanted = value.strip().replace(" ", "_")
    # A city alone is what people write first.
    cities = {zone.rpartition("/")[2]: zone for zone in sorted(zones, reverse=True)}
    meant = nearest(wanted, zones) or cities.get(nearest(wanted, cities) or "")
    hint = f"did you mean '{meant}'?" if meant else "name a place or UTC, e.g. Europe/Berlin"
    return bad_value("is no time zone", hint)


class KeepSettings(Settings):
    """`schedule.keep`: how much of past runs is kept."""

    runs: int | None = Field(
        default=None,
        ge=1,
        description="Report folders (log, report, URLs) that are kept for this job: the newest so "
        "many. What fails to be deleted is said. Default: all.",
    )
    size: Size | None = Field(
        default=None,
        description="The same by what they take: the oldest go until the rest is no larger. The "
        "last run is always kept. Default: any size.",
    )


class ScheduleSettings(Settings):
    """`schedule`: when a job runs by itself, and how runs of `--cron` behave."""

    cron: Annotated[str, AfterValidator(_cron)] | None = Field(
        default=None,
        description="Minute, hour, day of the month, month, day of the week, or `@daily` and the "
        'like: `"15 3 * * *"`. In quotes: YAML takes an unquoted `*` in front for an alias. '
        "Needed by `crawler cron`.",
    )
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        default=None,
        description="Zone in which `cron` is meant, e.g. `Europe/Berlin`. Default: the machine's.",
    )
    jitter: Duration = written(
        "0s",
        "Longest delay of a run behind its time, so that not all jobs of the world begin at the "
        "same second: the same each night for a job on a machine.",
    )
    overlap: Literal["skip", "wait", "stop_old"] = Field(
        default="skip",
        description="What a run does when the one before still goes on. `skip`: nothing, exit 75; "
        "`wait`: begins when that has ended; `stop_old`: ends it as Ctrl-C does, then begins.",
    )
    max_wait: Span = written(
        "1h",
        "Longest time that `wait` and `stop_old` wait for the run before; then it is as `skip`.",
    )
    max_runtime: Span | None = Field(
        default=None,
        description="Time after which a run pauses: it finishes what is on its way, keeps the rest "
        "for the next run, and ends with 0. Default: unlimited.",
    )
    catch_up: Literal["never", "once"] = Field(
        default="never",
        description="Whether runs that were missed while the machine was off are made up for by "
        "one run when it is on again.",
    )
    keep: KeepSettings = written({}, "How much of past runs is kept.")

    @model_validator(mode="after")
    def _jitter_fits(self) -> ScheduleSettings:
        gap = parse_cron_line(self.cron).shortest_gap if self.cron else None
        if gap is not None and self.jitter >= gap * 60:
            raise bad_whole(
                f"jitter must be less than the {gap}m between two runs, or one meets the next"
            )
        return self
