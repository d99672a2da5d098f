"""`crawler demo`: see it work, without a network and without a question."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import io
import os
import sys
from contextlib import suppress
from pathlib import Path

from crawler.cli.arguments import UsageError
from crawler.cli.own_command import own_command
from crawler.cli.printing import stdout_bytes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take where to write, or how to serve."""
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state, data and reports (default: the current directory)",
    )  # fmt: skip
    parser.add_argument(
        "--serve", action="store_true", help="only serve the practice site, until Ctrl-C"
    )
    parser.add_argument(
        "--port", type=_port, metavar="N", help="with --serve: on this port (default: any)"
    )
    parser.add_argument(
        "--day", type=_day, metavar="YYYY-MM-DD", help="the shop as it is on this day"
    )
    loud = parser.add_mutually_exclusive_group()
    loud.add_argument("-q", dest="level", action="store_const", const=-1, help="errors only")
    loud.add_argument("-v", dest="level", action="count", help="a line for each page")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535")
    return int(text)


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD") from None


def run(options: argparse.Namespace) -> int:
    """Crawl the practice site, or serve it; return the exit code.

    Raises:
        UsageError: A port for a crawl, whose URLs keep the one that they have.
    """
    if options.port is not None and not options.serve:
        raise UsageError("--port is of use with --serve alone")
    from crawler.app.demo import demo_job, run_demo, serve
    from crawler.app.job.job_paths import JobPaths
    from crawler.app.job.rehearsal import VARIABLE
    from crawler.app.run.options import RunOptions
    from crawler.app.run.streams import Streams
    from crawler.clock import SystemClock

    clock = SystemClock()
    if options.serve:
        paths = JobPaths(options.dir.absolute(), "demo")
        streams = Streams(stdout_bytes(), sys.stderr)
        # Ctrl-C is how it is meant to end.
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(paths, options.port or 0, options.day, streams, clock))
        return 0
    if options.day is not None:
        os.environ[VARIABLE] = options.day.isoformat()
    streams = Streams(io.BytesIO(), sys.stderr)  # no item is printed
    wanted = RunOptions(
        base=options.dir, mode="fresh", level=options.level or 0, program=own_command(),
        go_on=own_command("demo"),
    )  # fmt: skip
    return run_demo(demo_job(os.environ), wanted, streams, clock)
