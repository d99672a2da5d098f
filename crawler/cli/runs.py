"""`crawler runs [NAME]`: what became of every run, the last one first."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from crawler.cli.printing import put

#: Runs that are listed.
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a job and which of its runs."""
    parser.add_argument(
        "job", nargs="?", metavar="NAME", help="the job, or its CONFIG.yaml; else all jobs"
    )
    parser.add_argument("--failed", action="store_true", help="only runs that were not good")
    parser.add_argument(
        "-n", dest="most", type=_count, default=_SHOWN, metavar="N",
        help=f"how many, the last ones (default: {_SHOWN})",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="for programs: one object a line")
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state and reports, as in the run (default: the current directory)",
    )  # fmt: skip


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """List them; return 0.

    Raises:
        ConfigError: There is no such job.
        StateError: The history cannot be read.
    """
    from crawler.app.job.rehearsal import clock_of
    from crawler.app.look.listed_runs import listed_runs
    from crawler.app.look.run_table import Look, run_table
    from crawler.app.look.run_words import run_json

    now = clock_of(os.environ).wall()
    found = listed_runs(
        options.dir.absolute(), options.job, options.most, failed=options.failed, now=now,
        environ=os.environ,
    )  # fmt: skip
    if options.json:
        put(json.dumps(run_json(one), ensure_ascii=True) for one in found)
        return 0
    runs = list(found)
    if not runs:
        put(_nothing(options))
        return 0
    terminal = sys.stdout is not None and sys.stdout.isatty()
    look = Look(
        now=now, one_job=options.job is not None, colour=terminal and not _plain(),
        width=shutil.get_terminal_size().columns if terminal else None,
    )  # fmt: skip
    put(run_table(runs, look))
    return 0


def _plain() -> bool:
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def _nothing(options: argparse.Namespace) -> list[str]:
    of = f" of {options.job}" if options.job else ""
    if options.failed:
        return [f"no run{of} on record was bad"]
    return [f"no run{of} is on record under {options.dir.absolute()}"]
