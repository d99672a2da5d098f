"""`crawler doctor [CONFIG]`: what this machine lacks for crawling."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from crawler.cli.printing import put

_BAD = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a config, and where its files would lie."""
    parser.add_argument(
        "config", nargs="?", type=Path, metavar="CONFIG",
        help="also look up the names of its start hosts",
    )  # fmt: skip
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state, data and reports (default: the current directory)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Print a line for everything looked at; return 2 if something is bad, else 0.

    Raises:
        ConfigError: The config is wrong.
    """
    import asyncio

    from crawler.app.check.doctor import look_at_machine
    from crawler.app.check.findings import Finding, Level
    from crawler.clock import SystemClock
    from crawler.config.load import load_job

    findings: list[Finding] = []
    loaded = load_job(options.config, environ=os.environ) if options.config else None
    for finding in look_at_machine(options.dir.absolute(), SystemClock(), os.environ):
        put([finding.line()])
        findings.append(finding)
    if loaded is not None:
        from crawler.app.check.names_doctor import look_up, start_hosts

        for finding in asyncio.run(look_up(start_hosts(loaded))):
            put([finding.line()])
            findings.append(finding)
    count = {level: sum(one.level is level for one in findings) for level in Level}
    put([f"{count[Level.OK]} ok, {count[Level.WARN]} to note, {count[Level.FAIL]} bad"])
    return _BAD if count[Level.FAIL] else 0
