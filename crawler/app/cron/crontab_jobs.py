"""Jobs in the user's crontab."""

from __future__ import annotations

import difflib
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from crawler.app.cron.cron_plan import CronPlan
from crawler.app.cron.run_words import Timetable
from crawler.cron_line import CronLineError, parse_cron_line
from crawler.errors import ConfigError, StateError
from crawler.policy.run_times import Manner
from crawler.schedule.crontab_backup import back_up
from crawler.schedule.crontab_place import CronDaemon, Place, cron_tz_in_force, place
from crawler.schedule.crontab_program import CrontabProgram
from crawler.schedule.crontab_text import Block, Crontab, parse_crontab
from crawler.schedule.edit_lock import edit_lock
from crawler.schedule.machine_zone import machine_zone
from crawler.schedule.start_command import escaped


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a crontab.

    Attributes:
        changed: Whether it is another now, or would be.
        diff: Lines of a unified diff.
        backup: What it was before; None if it was not written.
        timetable: Of the job that was installed; None for one that was taken out.
        notes: What else there is to say.
    """

    changed: bool
    diff: tuple[str, ...]
    backup: Path | None = None
    timetable: Timetable | None = None
    notes: tuple[str, ...] = ()


class CrontabJobs:
    """The jobs in the crontab of the user.

    Args:
        program: Reads and writes it.
        daemon: What its cron knows; found out by default.
    """

    def __init__(self, program: CrontabProgram, daemon: CronDaemon | None = None) -> None:
        self._program = program
        self.daemon = daemon or CronDaemon(
            machine=machine_zone(), knows_cron_tz=program.knows_cron_tz()
        )

    def crontab(self) -> Crontab:
        """Return the crontab as it is.

        Raises:
            StateError: It cannot be read, or is damaged.
        """
        return parse_crontab(self._program.read())

    def timetable(self, block: Block, job_zone: str | None) -> Timetable | None:
        """Return when the lines of a block start its job; None if they were made unreadable.

        Args:
            block: As it stands in the crontab.
            job_zone: Zone of the job's own line; None for the machine's.
        """
        times, zone = [], None
        for entry in block.entries:
            name, equals, value = entry.decode("utf-8", "replace").partition("=")
            if equals and name == "CRON_TZ":
                zone = zone or value
            elif not entry.startswith(b"@reboot "):
                times.append(" ".join(entry.decode("utf-8", "replace").split()[:5]))
        return _timetable(times, zone, self.daemon, job_zone)

    def install(
        self, plan: CronPlan, now: float, *,
        force: bool = False, convert: bool = False, dry_run: bool = False,
    ) -> Edit:  # fmt: skip
        """Put a job in, or bring it up to date.

        Args:
            plan: The job.
            now: Seconds since 1970 UTC.
            force: Replace a block that was edited by hand.
            convert: See `place`.
            dry_run: Change nothing.

        Raises:
            ConfigError: Another job has the name, or its time cannot be written.
            StateError: The crontab cannot be read, changed or backed up, or is damaged.
        """
        with edit_lock():
            raw = self._program.read()
            crontab = parse_crontab(raw)
            block = crontab.blocks.get(plan.name)
            if block is not None:
                _check_same_job(block, plan)
                _check_intact(block, force=force)
            body, placed = block_body(plan, self.daemon, now, crontab=crontab, convert=convert)
            edit = self._change(raw, crontab.having(plan.name, body), plan.base, now, dry_run)
        table = Timetable(
            times=placed.times, zone=placed.zone, manner=placed.manner,
            machine=self.daemon.machine, job_zone=plan.schedule.timezone,
            right_until=placed.converted_until,
        )  # fmt: skip
        notes = [placed.note] if placed.note else []
        if _mail_is_off(_before(crontab, plan.name)):
            notes.append('MAILTO="" in your crontab: cron will not mail what goes wrong')
        return msgspec.structs.replace(edit, timetable=table, notes=tuple(notes))

    def remove(
        self, name: str, base: Path, now: float, *,
        config: Path | None = None, force: bool = False, dry_run: bool = False,
    ) -> Edit | None:  # fmt: skip
        """Take a job out; None if it is not in.

        Args:
            name: The job.
            base: Where the backup goes.
            now: Seconds since 1970 UTC.
            config: Its config, if that was named; then the block must be of it.
            force: Also one that was edited by hand.
            dry_run: Change nothing.

        Raises:
            ConfigError: The block is of another config.
            StateError: As for `install`.
        """
        with edit_lock():
            raw = self._program.read()
            crontab = parse_crontab(raw)
            block = crontab.blocks.get(name)
            if block is None:
                return None
            if config is not None and not _same(block.facts.get("config"), config):
                raise ConfigError(
                    f"the crontab has '{name}' of another config, {block.facts.get('config')}\n"
                    f"  to take that out: crawler cron remove {name}"
                )
            _check_intact(block, force=force)
            return self._change(raw, crontab.without(name), base, now, dry_run)

    def _change(self, raw: bytes, crontab: Crontab, base: Path, now: float, dry_run: bool) -> Edit:
        fresh = crontab.render()
        diff = tuple(_diff(raw, fresh))
        if fresh == raw or dry_run:
            return Edit(changed=fresh != raw, diff=diff)
        backup = back_up(raw, base, now) if raw else None
        self._program.write(fresh, raw)
        return Edit(changed=True, diff=diff, backup=backup)


def block_body(
    plan: CronPlan, daemon: CronDaemon, now: float, *,
    crontab: Crontab | None = None, convert: bool = False,
) -> tuple[bytes, Place]:  # fmt: skip
    """Return what stands between the markers of a job, and how its time is written.

    Args:
        plan: The job.
        daemon: Of the machine.
        now: Seconds since 1970 UTC.
        crontab: Where it is to stand; None for one without anything else.
        convert: See `place`.

    Raises:
        ConfigError: Its time cannot be written.
    """
    in_force = cron_tz_in_force(_before(crontab or Crontab(), plan.name))
    placed = place(
        plan.line, plan.schedule.timezone, daemon, now=now, convert=convert, in_force=in_force
    )
    command = plan.command
    facts = [f"# config: {command.config}", f"# base: {command.base}"]
    if command.env_file is not None:
        facts.append(f"# env_file: {command.env_file}")
    if placed.note:
        facts.append(f"# {plan.line.text} in {plan.schedule.timezone or 'the machine zone'}:")
        facts.append(f"# {placed.note}")
    if placed.converted_until is not None:
        facts.append("# converted: for as long as the clocks are as far apart as now")
    entries = [f"{times} {command.crontab_command()}" for times in placed.times]
    if plan.schedule.catch_up == "once":
        # cron forgets what came due while the machine was off.
        late = command.words("--catch-up")
        entries.append(f"@reboot {escaped(command.shell_line(late))}")
    lines = [_HEAD, *facts, *placed.before, *entries, *placed.after]
    text = "".join(f"{line}\n" for line in lines)
    return text.encode("utf-8", "surrogateescape"), placed


_HEAD = "# Written by `crawler cron install`: change `schedule` in the config and install again."


def _before(crontab: Crontab, name: str) -> list[bytes]:
    """Return the lines of others that stand before a job's block, or before where it will be."""
    lines: list[bytes] = []
    for part in crontab.parts:
        if isinstance(part, bytes):
            lines += part.split(b"\n")
        elif part.name == name:
            break
    return lines


def _mail_is_off(lines: list[bytes]) -> bool:
    off = False
    for line in lines:
        name, equals, value = line.partition(b"=")
        if equals and name.strip() == b"MAILTO":
            off = not value.strip().strip(b"\"'")
    return off


def _check_same_job(block: Block, plan: CronPlan) -> None:
    """Refuse a second job of the same name, which would share the other's state."""
    facts = block.facts
    if _same(facts.get("config"), plan.command.config) and _same(facts.get("base"), plan.base):
        return
    raise ConfigError(
        f"the crontab has another job of the name '{plan.name}': {facts.get('config')}, "
        f"with its state under {facts.get('base')}\n"
        f"  give this one another name; or take that one out: crawler cron remove {plan.name}"
    )


def _same(written: str | None, path: Path) -> bool:
    if written is None:
        return False
    other = Path(written)
    try:
        return other == path or other.samefile(path)
    except OSError:  # one of them is gone
        return False


def _check_intact(block: Block, *, force: bool) -> None:
    if block.intact or force:
        return
    raise StateError(
        f"the crontab was left as it is: the block of '{block.name}', line {block.line}, was "
        "edited by hand\n"
        "put what you want into `schedule` of the config; then --force writes over the block"
    )


def _timetable(
    times: list[str], cron_tz: str | None, daemon: CronDaemon, job_zone: str | None
) -> Timetable | None:
    counts = cron_tz is not None and daemon.knows_cron_tz and not cron_tz.startswith(":")
    try:
        for text in times:
            parse_cron_line(text)
        zone = ZoneInfo(cron_tz) if counts and cron_tz else daemon.machine.zone
    except (CronLineError, ZoneInfoNotFoundError, ValueError):
        return None
    return Timetable(
        times=tuple(times), zone=zone,
        manner=Manner.AS_THE_CLOCK if counts else Manner.EACH_ONCE,
        machine=daemon.machine, job_zone=job_zone,
    )  # fmt: skip


def _diff(before: bytes, after: bytes) -> list[str]:
    old, new = (
        [line.decode("utf-8", "backslashreplace") for line in raw.split(b"\n")]
        for raw in (before, after)
    )
    return list(difflib.unified_diff(old, new, "crontab", "crontab", lineterm="", n=1))
