"""`crawler CONFIG.yaml`: run a job."""

from __future__ import annotations

import argparse
import os
import sys

from crawler.app.options import RunOptions
from crawler.app.run_job import Streams, run_job
from crawler.cli.collector import settle
from crawler.clock import SystemClock
from crawler.config.load import load_job


def run(options: argparse.Namespace) -> int:
    """Run the job that the command line names; return the exit code."""
    loaded = load_job(options.config, overrides=options.set, environ=os.environ)
    mode = "fresh" if options.fresh or options.forget else "resume" if options.resume else "auto"
    wanted = RunOptions(
        base=options.dir, mode=mode, forget=options.forget, output=options.output,
        limit=options.limit, level=options.level or 0,
    )  # fmt: skip
    settle()
    return run_job(loaded, wanted, Streams(sys.stdout.buffer, sys.stderr), SystemClock())
