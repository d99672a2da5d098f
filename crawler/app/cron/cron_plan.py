"""A job as it is to be scheduled: its config, its times, and the command that starts it."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from crawler.config.load import LoadedJob, load_job
from crawler.config.models.schedule import ScheduleSettings
from crawler.cron_line import CronLine, parse_cron_line
from crawler.errors import ConfigError, Problem
from crawler.schedule.start_command import StartCommand


class CronPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be scheduled.

    Attributes:
        loaded: The job.
        line: When it runs.
        command: What starts it.
    """

    loaded: LoadedJob
    line: CronLine
    command: StartCommand

    @property
    def name(self) -> str:
        """The job."""
        return self.loaded.job.name

    @property
    def schedule(self) -> ScheduleSettings:
        """The job's schedule."""
        return self.loaded.job.schedule

    @property
    def base(self) -> Path:
        """Base of state, data and reports."""
        return self.command.base


def plan_of(
    config: Path, base: Path, environ: Mapping[str, str], env_file: Path | None = None
) -> CronPlan:
    """Read a job and say how it is started.

    Args:
        config: The job file.
        base: Base of state, data and reports.
        environ: Variables for the config.
        env_file: A file with more of them, which is read anew at each start.

    Raises:
        ConfigError: The config is wrong, has no `schedule.cron`, or a path cannot be scheduled.
    """
    known = environ if env_file is None else {**environ, **variables_in(env_file)}
    loaded = load_job(config, overrides=(), environ=known)
    cron = loaded.job.schedule.cron
    if cron is None:
        hint = 'say when it is to run: schedule: {cron: "15 3 * * *"}'
        raise ConfigError(Problem("schedule.cron is missing", source=str(config), hint=hint))
    command = StartCommand(
        python=sys.executable,
        # Not resolved: a link to the version that is in use is to stay one.
        config=_absolute(config),
        base=_absolute(base),
        env_file=None if env_file is None else _absolute(env_file),
    )
    for path in command.paths:
        if re.search(r"[\x00-\x1f\x7f]", path):
            raise ConfigError(f"a path with a control character cannot be scheduled: {path!r}")
    return CronPlan(loaded=loaded, line=parse_cron_line(cron), command=command)


def variables_in(path: Path) -> dict[str, str]:
    """Return what a file of `NAME=value` lines sets, in the part of shell syntax all readers share.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"--env-file: {path} cannot be read: {why}") from None
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.strip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ConfigError(Problem("no NAME=value", source=str(path), line=number))
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise ConfigError(Problem(str(error), source=str(path), line=number)) from None
        if len(words) > 1:
            hint = "quote the value"
            raise ConfigError(
                Problem("more than one word", source=str(path), line=number, hint=hint)
            )
        found[name] = words[0] if words else ""
    return found


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - `..` goes, links stay
