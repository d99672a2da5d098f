"""`crawler validate CONFIG...`: every problem of every file; with --online, of their hosts too."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.printing import put
from crawler.errors import ConfigError

if TYPE_CHECKING:
    from crawler.app.check.online_check import Online
    from crawler.cli.problem_lines import Remark
    from crawler.config.load import LoadedJob

_WRONG = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take config files and changes to them."""
    parser.add_argument("configs", nargs="+", type=Path, metavar="CONFIG")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY.PATH=VALUE",
        help="change a setting; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--online", action="store_true",
        help="also ask one start URL of each host, and the sitemaps, politely",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=("text", "json", "github"), default="text",
        help="for people (default), for programs, or for the log of a GitHub workflow",
    )  # fmt: skip
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="as --format json"
    )


def run(options: argparse.Namespace) -> int:
    """Check files.

    Returns:
        0 if all are good, 2 if a file is not. With --online also 4 when no start URL of a file
        could be reached, 3 when robots.txt forbids all of them.
    """
    report = _Report(options.format)
    codes = [_check(path, options, report) for path in options.configs]
    report.end()
    return _WRONG if _WRONG in codes else max(codes)


def _check(path: Path, options: argparse.Namespace, report: _Report) -> int:
    from crawler.config.load import load_job

    try:
        loaded = load_job(path, overrides=options.set, environ=os.environ)
        online = _ask(loaded) if options.online else None
    except ConfigError as error:
        report.wrong(path, error)
        return _WRONG
    report.good(path)
    if online is None:
        return 0
    report.found(path, online)
    return online.exit_code


def _ask(loaded: LoadedJob) -> Online:
    import asyncio

    from crawler.app.check.online_check import check_online
    from crawler.clock import SystemClock
    from crawler.loop import new_loop_factory

    factory, _ = new_loop_factory(loaded.job.run.loop)
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(check_online(loaded, SystemClock()))


class _Report:
    """Says what was found, each file's as soon as it is known where that can be."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._remarks: list[Remark] = []

    def wrong(self, path: Path, error: ConfigError) -> None:
        if self._form == "text":
            sys.stderr.write(f"{error}\n")
            return
        from crawler.cli.problem_lines import remark_of_problem

        self._remarks += [remark_of_problem(one, str(path)) for one in error.problems]

    def good(self, path: Path) -> None:
        if self._form == "text":
            put([f"{path}: ok"])

    def found(self, path: Path, online: Online) -> None:
        if self._form == "text":
            put(f"  {finding.line()}" for finding in online.findings)
            return
        from crawler.cli.problem_lines import remark_of_finding

        self._remarks += [remark_of_finding(one, str(path)) for one in online.findings]

    def end(self) -> None:
        if self._form == "text":
            return
        from crawler.cli.problem_lines import as_github, as_json

        write = as_json if self._form == "json" else as_github
        put(write(self._remarks).splitlines())
