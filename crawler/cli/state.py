"""`crawler state export|import|forget NAME`: what a job has learnt over all its runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.arguments import UsageError
from crawler.cli.job_word import add_job, job_paths, tell
from crawler.cli.own_command import own_command
from crawler.cli.printing import put

if TYPE_CHECKING:
    from crawler.app.job.job_paths import JobPaths
    from crawler.app.state.learnt_state import LearntState


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take an action, a job, and what the action needs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, purpose: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=purpose, description=purpose, allow_abbrev=False)
        add_job(made)
        return made

    export = action("export", "write what a job has learnt as JSON lines")
    export.add_argument(
        "-o", dest="output", metavar="FILE", default="-",
        help="where to; packed if it ends in .gz (default: standard output)",
    )  # fmt: skip
    taken = action("import", "bring in what another machine's job had learnt")
    taken.add_argument("file", metavar="FILE", help="what export wrote; - is stdin")
    forget = action("forget", "forget pages and their items, as if they had never been seen")
    forget.add_argument("urls", metavar="URL", nargs="*")
    forget.add_argument("--all", action="store_true", help="everything that the job has learnt")


def run(options: argparse.Namespace) -> int:
    """Carry the action out; return 0.

    Raises:
        UsageError: Nothing is said of what to forget.
        ConfigError: There is no such job, or its state is in the middle of a run.
        BusyError: A run of the job goes on.
        StateError: The state is damaged, or newer than this program.
        OutputError: A file cannot be read or written.
    """
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "export": _export, "import": _import, "forget": _forget
    }  # fmt: skip
    actions[options.action](options)
    return 0


def _export(options: argparse.Namespace) -> None:
    state = _state(job_paths(options))
    if options.output == "-":
        state.export(lambda lines: put(line.decode() for line in lines))
    else:
        state.export(Path(options.output))


def _import(options: argparse.Namespace) -> None:
    from crawler.app.state.learnt_state import new_job_paths

    paths = new_job_paths(options.dir.absolute(), options.job)
    source = sys.stdin.buffer if options.file == "-" else Path(options.file)
    rows = _state(paths).take_in(source)
    tell(f"job {paths.name} has now {rows:,} rows of what was learnt; its next run goes by them")


def _forget(options: argparse.Namespace) -> None:
    if options.all == bool(options.urls):
        raise UsageError("state forget: name the URLs to forget, or say --all")
    paths = job_paths(options)
    if options.all:
        _state(paths).forget_all()
        tell(f"job {paths.name} has forgotten everything; its outputs and reports are as they were")
        return
    count = _state(paths).forget(options.urls, os.environ)
    tell(f"{count} of {len(options.urls)} forgotten; the others were not known")


def _state(paths: JobPaths) -> LearntState:
    from crawler.app.state.learnt_state import LearntState
    from crawler.clock import SystemClock

    return LearntState(paths, SystemClock(), own_command())
