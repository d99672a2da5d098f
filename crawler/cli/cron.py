"""`crawler cron install|remove|list|print`: jobs that run by themselves."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.cli.arguments import UsageError
from crawler.cli.printing import put, put_json
from crawler.errors import ConfigError

if TYPE_CHECKING:
    from crawler.app.cron.cron_plan import CronPlan
    from crawler.app.cron.run_words import Timetable
    from crawler.app.cron.schedulers import Schedulers

_IMAGE = "crawler:latest"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take an action and what it is about."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, purpose: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=purpose, description=purpose, allow_abbrev=False)

    install = action("install", "put the job into your crontab, or systemd")
    install.add_argument("config", type=Path, metavar="CONFIG.yaml")
    _add_base(install)
    install.add_argument(
        "--convert", action="store_true",
        help="write a time of another zone in this machine's, though it is right only for months",
    )  # fmt: skip
    install.add_argument("--force", action="store_true", help="over what was edited by hand")
    _add_common(install)
    remove = action("remove", "take the job out again")
    remove.add_argument("job", nargs="?", metavar="CONFIG.yaml|NAME")
    remove.add_argument("--all", action="store_true", help="every job that was installed")
    remove.add_argument("--force", action="store_true", help="also what was edited by hand")
    _add_common(remove)
    listed = action("list", "what is installed, its next run and its last")
    listed.add_argument("job", nargs="?", metavar="CONFIG.yaml|NAME")
    listed.add_argument("--units", type=Path, metavar="DIR", help="folder of systemd's units")
    listed.add_argument("--json", action="store_true", help="as JSON, for programs")
    shown = action("print", "print what install would write, and write nothing")
    shown.add_argument("config", type=Path, metavar="CONFIG.yaml")
    _add_base(shown)
    kind = shown.add_mutually_exclusive_group()
    kind.add_argument("--systemd", action="store_true", help="a service and a timer")
    kind.add_argument("--k8s", action="store_true", help="a CronJob of Kubernetes")
    shown.add_argument("--convert", action="store_true", help="as for install")
    shown.add_argument("--image", default=_IMAGE, help=f"of the CronJob (default: {_IMAGE})")


def _add_base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state, data and reports of its runs (default: the current directory)",
    )  # fmt: skip
    parser.add_argument(
        "--env-file", type=Path, metavar="FILE",
        help="NAME=value lines: variables for the config, which cron does not know",
    )  # fmt: skip


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--systemd", action="store_true", help="a systemd timer, not the crontab")
    parser.add_argument(
        "--units", type=Path, metavar="DIR",
        help="with --systemd: this folder of units, and leave systemd alone",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="say what would change")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(options: argparse.Namespace) -> int:
    """Carry the action out; return 0.

    Raises:
        UsageError: The options do not go together.
        ConfigError: The job cannot be scheduled.
        StateError: The crontab or systemd cannot be read or changed.
    """
    from crawler.app.cron.schedulers import Schedulers

    if getattr(options, "units", None) and not getattr(options, "systemd", True):
        raise UsageError("--units goes with --systemd")
    actions: dict[str, Callable[[argparse.Namespace, Schedulers], None]] = {
        "install": _install, "remove": _remove, "list": _list, "print": _print,
    }  # fmt: skip
    actions[options.action](options, Schedulers(getattr(options, "units", None)))
    return 0


def _plan(options: argparse.Namespace) -> CronPlan:
    from crawler.app.cron.cron_plan import plan_of

    return plan_of(options.config, options.dir, os.environ, options.env_file)


def _install(options: argparse.Namespace, schedulers: Schedulers) -> None:
    from crawler.app.cron.run_words import timetable_lines
    from crawler.clock import SystemClock

    plan, now = _plan(options), SystemClock().wall()
    done = schedulers.install(
        plan, now, systemd=options.systemd, force=options.force, convert=options.convert,
        dry_run=options.dry_run,
    )  # fmt: skip
    if options.json:
        put_json({"job": plan.name, **_plain(done.plain(), done.timetable, now)})
        return
    put([f"{plan.name}: {done.verdict}"])
    put(done.details)
    if done.timetable:
        put(timetable_lines(plan, done.timetable, now))
    put(f"  note        {note}" for note in done.notes)


def _plain(found: dict[str, Any], table: Timetable | None, now: float) -> dict[str, Any]:
    from crawler.app.cron.run_words import stamp

    runs = [stamp(at, table.zone) for at in table.next_runs(now)] if table else []
    return {**found, "next": runs}


def _remove(options: argparse.Namespace, schedulers: Schedulers) -> None:
    from crawler.clock import SystemClock

    if options.all == (options.job is not None):
        raise UsageError("remove which job? Name it or its config, or say --all")
    now = SystemClock().wall()
    taken: list[dict[str, Any]] = []
    for name, config in _meant(options, schedulers):
        done = schedulers.remove(
            name, config, now, systemd=options.systemd, force=options.force,
            dry_run=options.dry_run,
        )  # fmt: skip
        taken.append({"job": name, **done.plain()})
        if not options.json:
            put([f"{name}: {done.verdict}", *done.details])
            put(f"  note        {note}" for note in done.notes)
    if options.json:
        put_json(taken)
    elif not taken:
        put(["nothing is installed"])


def _meant(
    options: argparse.Namespace, schedulers: Schedulers
) -> Iterator[tuple[str, Path | None]]:
    if options.all:
        for name in schedulers.names(systemd=options.systemd):
            yield name, None
        return
    yield schedulers.named(options.job, os.environ, systemd=options.systemd)


def _list(options: argparse.Namespace, schedulers: Schedulers) -> None:
    from crawler.app.cron.installed_jobs import plain_job, table_lines
    from crawler.clock import SystemClock

    found = schedulers.installed(SystemClock().wall(), os.environ)
    if options.job is not None:
        wanted = os.path.abspath(options.job)  # noqa: PTH100 - links stay
        found = [one for one in found if options.job == one.job or wanted == one.config]
        if not found and not options.json:
            raise ConfigError(f"{options.job} is not installed: crawler cron install CONFIG")
    if options.json:
        put_json([plain_job(one) for one in found])
    elif not found:
        put(["nothing is installed"])
    else:
        put(table_lines(found, schedulers.machine))


def _print(options: argparse.Namespace, schedulers: Schedulers) -> None:
    from crawler.clock import SystemClock

    plan = _plan(options)
    if options.k8s:
        put(schedulers.cluster_text(plan, options.image).splitlines())
    elif options.systemd:
        put(schedulers.units_text(plan).splitlines())
    else:
        text = schedulers.crontab_text(plan, SystemClock().wall(), convert=options.convert)
        put(text.splitlines())
