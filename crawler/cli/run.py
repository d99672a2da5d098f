"""`crawler CONFIG.yaml`: run a job."""

from __future__ import annotations

import argparse
import io
import os
import shlex
import sys
from pathlib import Path
from typing import BinaryIO

from crawler.app.options import RunOptions
from crawler.app.run_job import Streams, run_job
from crawler.cli.collector import settle
from crawler.clock import SystemClock
from crawler.config.load import load_job
from crawler.errors import OutputError


def run(options: argparse.Namespace) -> int:
    """Run the job that the command line names; return the exit code."""
    loaded = load_job(options.config, overrides=options.set, environ=os.environ)
    mode = "fresh" if options.fresh or options.forget else "resume" if options.resume else "auto"
    output = options.output
    if output not in (None, "-"):
        # Unlike the outputs of a config it belongs to where the command is given, not to --dir.
        output = str(Path(output).absolute())
    wanted = RunOptions(
        base=options.dir, mode=mode, forget=options.forget, output=output, limit=options.limit,
        level=options.level or 0, go_on=_go_on(options),
    )  # fmt: skip
    settle()
    return run_job(loaded, wanted, Streams(_stdout(output), sys.stderr), SystemClock())


def _stdout(output: str | None) -> BinaryIO:
    """Return standard output; a process started without one has nothing to print to."""
    if sys.stdout is not None:
        return sys.stdout.buffer
    if output == "-":
        raise OutputError("standard output is closed")
    return io.BytesIO()


def _go_on(options: argparse.Namespace) -> str:
    """Return the command that goes on with this run if it is interrupted."""
    name = Path(sys.argv[0]).name
    words = ["crawler"] if name == "crawler" else ["python", "-m", "crawler"]
    words += [str(options.config), "--resume"]
    if options.dir != Path():
        words += ["--dir", str(options.dir)]
    for change in options.set:
        words += ["--set", change]
    if options.output is not None:
        words += ["-o", options.output]
    if options.limit is not None:
        words += ["--limit", str(options.limit)]
    return shlex.join(words)
