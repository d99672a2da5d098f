"""`crawler demo`: see it work, without a network and without a question."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import sys
from pathlib import Path


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
        "--port", type=int, default=0, metavar="N", help="serve on this port (default: any)"
    )
    parser.add_argument(
        "--day", type=datetime.date.fromisoformat, metavar="YYYY-MM-DD",
        help="serve the shop as it is on this day",
    )  # fmt: skip
    loud = parser.add_mutually_exclusive_group()
    loud.add_argument("-q", dest="level", action="store_const", const=-1, help="errors only")
    loud.add_argument("-v", dest="level", action="count", help="a line for each page")


def run(options: argparse.Namespace) -> int:
    """Crawl the practice site, or serve it; return the exit code."""
    from crawler.app.demo import demo_job, run_demo, serve
    from crawler.app.job.job_paths import JobPaths
    from crawler.app.job.practice_site import DAY_VARIABLE
    from crawler.app.run.run_job import Streams
    from crawler.clock import SystemClock

    streams, clock = Streams(sys.stdout.buffer, sys.stderr), SystemClock()
    if options.serve:
        paths = JobPaths(options.dir.absolute(), "demo")
        asyncio.run(serve(paths, options.port, options.day, streams, clock))
        return 0
    if options.day is not None:
        os.environ[DAY_VARIABLE] = options.day.isoformat()
    return run_demo(demo_job(os.environ), options.dir, options.level or 0, streams, clock)
