"""The schedulers of this machine, and what `crawler cron` does with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from crawler.app.cron.cron_plan import CronPlan
from crawler.app.cron.crontab_jobs import CrontabJobs, Edit, block_body
from crawler.app.cron.installed_jobs import InstalledJob, in_crontab, in_systemd
from crawler.app.cron.run_words import Timetable
from crawler.app.cron.systemd_jobs import SystemdJobs, Units
from crawler.app.safe_text import safe
from crawler.config.load import load_job
from crawler.errors import ConfigError
from crawler.schedule.cron_environment import tried_under_cron
from crawler.schedule.crontab_place import CronDaemon
from crawler.schedule.crontab_program import CrontabProgram, cron_runs
from crawler.schedule.crontab_text import Crontab
from crawler.schedule.kubernetes import CronJobSettings, cron_job_text
from crawler.schedule.machine_zone import machine_zone
from crawler.schedule.systemd_program import Systemd


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done.

    Attributes:
        verdict: In words.
        where: "crontab" or "systemd".
        changed: Whether anything is other than before, or would be.
        details: Lines about what was written.
        timetable: Of the job that was installed.
        notes: What else there is to say.
        backup: The crontab as it was before.
    """

    verdict: str
    where: str
    changed: bool
    details: tuple[str, ...] = ()
    timetable: Timetable | None = None
    notes: tuple[str, ...] = ()
    backup: Path | None = None

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        backup = None if self.backup is None else str(self.backup)
        return {
            "where": self.where, "changed": self.changed, "backup": backup,
            "notes": list(self.notes),
        }  # fmt: skip


class Schedulers:
    """cron and systemd of this machine.

    Args:
        units: Folder of systemd's units instead of the usual one.
    """

    def __init__(self, units: Path | None = None) -> None:
        self.machine = machine_zone()
        folder = None if units is None else units.absolute()
        self._systemd = SystemdJobs(Systemd(folder), self.machine)

    def install(
        self, plan: CronPlan, now: float, *, systemd: bool, force: bool, convert: bool,
        dry_run: bool,
    ) -> Done:  # fmt: skip
        """Put a job in, or bring it up to date.

        Args:
            plan: The job.
            now: Seconds since 1970 UTC.
            systemd: A timer instead of a line in the crontab.
            force: Over what was edited by hand.
            convert: See `place`.
            dry_run: Change nothing.

        Raises:
            ConfigError: It cannot be scheduled.
            StateError: The crontab or systemd cannot be changed.
        """
        self._check_elsewhere(plan.name, systemd=systemd)
        _check_start(plan)
        if systemd:
            return _units_done(self._systemd.install(plan, force=force, dry_run=dry_run), dry_run)
        edit = self._crontab().install(plan, now, force=force, convert=convert, dry_run=dry_run)
        return _edit_done(edit, dry_run)

    def remove(
        self, name: str, config: Path | None, now: float, *, systemd: bool, force: bool,
        dry_run: bool,
    ) -> Done:  # fmt: skip
        """Take a job out.

        Args:
            name: The job.
            config: Its config, if that was named.
            now: Seconds since 1970 UTC.
            systemd: From systemd, not from the crontab.
            force: Also what was edited by hand.
            dry_run: Change nothing.

        Raises:
            ConfigError: What is installed is of another config.
            StateError: The crontab or systemd cannot be changed.
        """
        if systemd:
            units = self._systemd.remove(name, config=config, force=force, dry_run=dry_run)
            if units is None:
                return Done(verdict="systemd has no such job", where="systemd", changed=False)
            verdict = "would be taken out of systemd" if dry_run else "taken out of systemd"
            paths = tuple(f"  {path}" for path in units.paths)
            return Done(verdict=verdict, where="systemd", changed=True, details=paths)
        jobs = self._crontab()
        block = jobs.crontab().blocks.get(name)
        base = Path(block.facts.get("base", "")) if block else Path()
        edit = jobs.remove(name, base, now, config=config, force=force, dry_run=dry_run)
        if edit is None:
            notes = ("systemd has it: add --systemd",) if name in self._systemd.names() else ()
            verdict = "the crontab has no such job"
            return Done(verdict=verdict, where="crontab", changed=False, notes=notes)
        verdict = "would be taken out of the crontab" if dry_run else "taken out of the crontab"
        return Done(
            verdict=verdict, where="crontab", changed=True, details=_details(edit, dry_run),
            backup=edit.backup,
        )  # fmt: skip

    def names(self, *, systemd: bool) -> list[str]:
        """Return the names of the jobs that are installed."""
        return self._systemd.names() if systemd else list(self._crontab().crontab().blocks)

    def named(
        self, word: str, environ: Mapping[str, str], *, systemd: bool
    ) -> tuple[str, Path | None]:
        """Return the job that a word means, and its config if the word is one.

        A config that is gone or wrong is still found by what was installed.
        """
        path = Path(word).absolute()
        if not word.endswith((".yaml", ".yml")) and not ("/" in word and path.is_file()):
            return word, None
        for name in self.names(systemd=systemd):
            if self._facts(name, systemd=systemd).get("config") == str(path):
                return name, None
        return load_job(Path(word), overrides=(), environ=environ).job.name, path

    def installed(self, now: float, environ: Mapping[str, str]) -> list[InstalledJob]:
        """Return every job that is installed: those in the crontab, then those of systemd.

        Raises:
            StateError: The crontab cannot be read.
        """
        found: list[InstalledJob] = []
        if CrontabProgram.there():
            found += in_crontab(self._crontab(), now, environ)
        return [*found, *in_systemd(self._systemd, now, environ)]

    def crontab_text(self, plan: CronPlan, now: float, *, convert: bool) -> str:
        """Return the block that `install` would put into an empty crontab."""
        knows = CrontabProgram.there() and CrontabProgram().knows_cron_tz()
        daemon = CronDaemon(machine=self.machine, knows_cron_tz=knows)
        body, _ = block_body(plan, daemon, now, convert=convert)
        return Crontab().having(plan.name, body).render().decode("utf-8", "surrogateescape")

    def units_text(self, plan: CronPlan) -> str:
        """Return both units, each under its file name."""
        service, timer = self._systemd.texts(plan)
        stem = f"crawler-{plan.name}"
        return f"# ==> {stem}.service <==\n{service}\n# ==> {stem}.timer <==\n{timer}"

    def cluster_text(self, plan: CronPlan, image: str) -> str:
        """Return a CronJob.

        Raises:
            ConfigError: Kubernetes reads the line otherwise.
        """
        schedule, loaded = plan.schedule, plan.loaded
        limit = loaded.job.run.memory_limit
        return cron_job_text(
            CronJobSettings(
                job=plan.name, line=plan.line, zone=schedule.timezone, jitter=schedule.jitter,
                overlap=schedule.overlap, max_runtime=schedule.max_runtime,
                catch_up=schedule.catch_up == "once", config=loaded.path.name,
                files=(loaded.path.name, *_other_files(plan)), image=image, memory=limit,
            )
        )  # fmt: skip

    def _crontab(self) -> CrontabJobs:
        return CrontabJobs(CrontabProgram())

    def _facts(self, name: str, *, systemd: bool) -> Mapping[str, str]:
        if systemd:
            return self._systemd.facts(name)
        return self._crontab().crontab().blocks[name].facts

    def _check_elsewhere(self, name: str, *, systemd: bool) -> None:
        """Refuse a job that something else starts already: it would run twice."""
        if systemd and CrontabProgram.there() and name in self._crontab().crontab().blocks:
            raise ConfigError(
                f"the crontab starts '{name}' already\n"
                f"  take it out first: crawler cron remove {name}"
            )
        if not systemd and name in self._systemd.names():
            raise ConfigError(
                f"systemd starts '{name}' already\n"
                f"  take it out first: crawler cron remove {name} --systemd"
            )


def _check_start(plan: CronPlan) -> None:
    """Have the config checked as the scheduler will start it, and say what it would lack."""
    command = plan.command
    words = [command.python, "-m", "crawler", "validate", str(command.config)]
    said = tried_under_cron(command.shell_line(words))
    if said:
        raise ConfigError(
            f"'{plan.name}' was not installed: started as cron does it, with next to no "
            f"environment, its config does not load\n{said[:2000]}\n"
            "  variables can come from a file: --env-file FILE"
        )


def _edit_done(edit: Edit, dry_run: bool) -> Done:
    notes = list(edit.notes)
    if cron_runs() is False:
        notes.append("no cron daemon is running on this machine; until one does, nothing starts")
    verdict = "unchanged: the crontab has it already"
    if edit.changed:
        verdict = "would be put into the crontab" if dry_run else "installed into the crontab"
    return Done(
        verdict=verdict, where="crontab", changed=edit.changed, details=_details(edit, dry_run),
        timetable=edit.timetable, notes=tuple(notes), backup=edit.backup,
    )  # fmt: skip


def _details(edit: Edit, dry_run: bool) -> tuple[str, ...]:
    lines = tuple(safe(f"  {line}", 2_000) for line in edit.diff) if dry_run else ()
    if edit.backup is not None:
        lines = (*lines, f"  backup      {edit.backup}")
    return lines


def _units_done(units: Units, dry_run: bool) -> Done:
    verdict = "unchanged: systemd has it already"
    if units.changed:
        verdict = "would be put into systemd" if dry_run else "installed into systemd"
    return Done(
        verdict=verdict, where="systemd", changed=units.changed,
        details=tuple(f"  {path}" for path in units.paths), timetable=units.timetable,
        notes=units.notes,
    )  # fmt: skip


def _other_files(plan: CronPlan) -> tuple[str, ...]:
    """Return the names of files beside the config that it needs."""
    loaded = plan.loaded
    names: list[str] = []
    if loaded.job.extends:
        names.append(loaded.job.extends)
    if loaded.spider is not None:
        names.append(str(loaded.job.spider).rpartition(":")[0])
    if loaded.job.start.from_file not in (None, "-"):
        names.append(str(loaded.job.start.from_file))
    return tuple(names)
