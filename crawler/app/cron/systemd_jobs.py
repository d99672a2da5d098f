"""Jobs as services and timers of systemd."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from crawler.app.cron.cron_plan import CronPlan
from crawler.app.cron.run_words import Timetable
from crawler.errors import ConfigError, StateError
from crawler.policy.run_times import Manner
from crawler.schedule.edit_lock import edit_lock
from crawler.schedule.machine_zone import MachineZone
from crawler.schedule.systemd_program import Systemd
from crawler.schedule.systemd_units import UnitSettings, service_text, timer_text, unit_name
from crawler.schedule.unit_files import UnitFile, job_timers, read_unit, write_unit


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a job's units.

    Attributes:
        changed: Whether they are others now, or would be.
        paths: The files.
        timetable: When the timer starts the job; None for one that was taken out.
        notes: What else there is to say.
    """

    changed: bool
    paths: tuple[Path, ...]
    timetable: Timetable | None = None
    notes: tuple[str, ...] = ()


class SystemdJobs:
    """The jobs in the unit folder of the user, or for root of the machine.

    Args:
        systemd: Of this machine.
        machine: Its time zone.
    """

    def __init__(self, systemd: Systemd, machine: MachineZone) -> None:
        self._systemd = systemd
        self._machine = machine

    def names(self) -> list[str]:
        """Return the names of all jobs that have a timer."""
        return list(job_timers(self._systemd.folder))

    def facts(self, name: str) -> dict[str, str]:
        """Return what the units of a job say of it: `config` and `base`."""
        service = read_unit(self._paths(name)[0])
        return service.facts if service else {}

    def texts(self, plan: CronPlan) -> tuple[str, str]:
        """Return the text of a job's service and of its timer."""
        schedule = plan.schedule
        unit = UnitSettings(
            job=plan.name, line=plan.line, zone=schedule.timezone, jitter=schedule.jitter,
            max_runtime=schedule.max_runtime, catch_up=schedule.catch_up == "once",
            command=plan.command, system=self._systemd.system,
        )  # fmt: skip
        return service_text(unit), timer_text(unit)

    def timetable(self, plan: CronPlan) -> Timetable:
        """Return when the timer starts a job."""
        zone = plan.schedule.timezone
        return Timetable(
            times=(plan.line.text,), zone=ZoneInfo(zone) if zone else self._machine.zone,
            manner=Manner.AT_MOST_ONCE, machine=self._machine, job_zone=zone,
        )  # fmt: skip

    def is_current(self, plan: CronPlan) -> bool:
        """Tell whether the units are those that `install` would write."""
        return [unit.text if unit else "" for unit in self._units(plan.name)] == [*self.texts(plan)]

    def intact(self, name: str) -> bool:
        """Tell whether the units of a job are as they were written."""
        return all(unit is not None and unit.intact for unit in self._units(name))

    def install(self, plan: CronPlan, *, force: bool = False, dry_run: bool = False) -> Units:
        """Write the units and start the timer, or bring them up to date.

        Raises:
            ConfigError: Another job has the name.
            StateError: systemd does not run here or refuses them, or they cannot be written.
        """
        self._systemd.check_running()
        paths = self._paths(plan.name)
        texts = self.texts(plan)
        with edit_lock():
            before = self._units(plan.name)
            _check(before, plan, force=force)
            changed = [unit.text if unit else "" for unit in before] != [*texts]
            if changed and not dry_run:
                self._write(paths, texts, before)
                self._systemd.enable(paths[1].name)
        notes = []
        if plan.schedule.overlap != "skip":
            notes.append("systemd begins no run of a job while one goes on: `overlap` is as skip")
        if not self._systemd.lingers():
            notes.append("timers of a user end when he logs out; to go on: loginctl enable-linger")
        return Units(
            changed=changed, paths=paths, timetable=self.timetable(plan), notes=tuple(notes)
        )

    def remove(
        self, name: str, *, config: Path | None = None, force: bool = False, dry_run: bool = False
    ) -> Units | None:
        """Stop the timer and delete the units; None if there are none.

        Args:
            name: The job.
            config: Its config, if that was named; then the units must be of it.
            force: Also units that were edited by hand.
            dry_run: Change nothing.

        Raises:
            ConfigError: The units are of another config.
            StateError: They cannot be deleted, were edited, or are somebody else's.
        """
        with edit_lock():
            units = [unit for unit in self._units(name) if unit is not None]
            if not units:
                return None
            for unit in units:
                _check_config(unit, name, config)
                _check_intact(unit, force=force)
            if not dry_run:
                self._delete(units)
        return Units(changed=True, paths=tuple(unit.path for unit in units))

    def _delete(self, units: list[UnitFile]) -> None:
        for unit in units:
            if unit.path.suffix == ".timer":
                self._systemd.disable(unit.path.name)
        for unit in units:
            try:
                unit.path.unlink(missing_ok=True)
            except OSError as error:
                raise StateError(f"cannot delete {unit.path}: {error.strerror}") from error
        self._systemd.reload()

    def _write(
        self, paths: tuple[Path, Path], texts: tuple[str, str], before: list[UnitFile | None]
    ) -> None:
        """Write both units; what systemd would not take is undone."""
        for path, text in zip(paths, texts, strict=True):
            write_unit(path, text)
        objection = self._systemd.verify(*paths)
        if not objection:
            return
        for path, old in zip(paths, before, strict=True):
            if old is None:
                path.unlink(missing_ok=True)
            else:
                write_unit(path, old.text)
        raise StateError(f"systemd would not take the units; nothing was changed:\n{objection}")

    def _units(self, name: str) -> list[UnitFile | None]:
        return [read_unit(path) for path in self._paths(name)]

    def _paths(self, name: str) -> tuple[Path, Path]:
        stem = unit_name(name)
        folder = self._systemd.folder
        return folder / f"{stem}.service", folder / f"{stem}.timer"


def _check(units: list[UnitFile | None], plan: CronPlan, *, force: bool) -> None:
    for unit in units:
        if unit is None:
            continue
        facts = unit.facts
        ours = (str(plan.command.config), str(plan.base))
        if facts and (facts.get("config"), facts.get("base")) != ours:
            raise ConfigError(
                f"systemd has another job of the name '{plan.name}': {facts.get('config')}, with "
                f"its state under {facts.get('base')}\n  give this one another name; or take that "
                f"one out: crawler cron remove {plan.name} --systemd"
            )
        _check_intact(unit, force=force)


def _check_config(unit: UnitFile, name: str, config: Path | None) -> None:
    written = unit.facts.get("config")
    if config is not None and written is not None and Path(written) != config:
        raise ConfigError(
            f"systemd has '{name}' of another config, {written}\n"
            f"  to take that out: crawler cron remove {name} --systemd"
        )


def _check_intact(unit: UnitFile, *, force: bool) -> None:
    if not unit.intact and not force:
        raise StateError(
            f"{unit.path} was edited by hand, and was left as it is\n"
            f"put your changes into a drop-in (systemctl edit {unit.path.name}); then --force "
            "writes over it"
        )
