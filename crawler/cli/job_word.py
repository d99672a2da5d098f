"""The job that a command is about, when it speaks of one that was run."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.app.job.job_paths import JobPaths


def add_job(parser: argparse.ArgumentParser) -> None:
    """Take a job by its name, or by its config."""
    parser.add_argument("job", metavar="NAME", help="the job, or its CONFIG.yaml")
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state and reports, as in the run (default: the current directory)",
    )  # fmt: skip


def job_paths(options: argparse.Namespace) -> JobPaths:
    """Return the files of the job.

    Raises:
        ConfigError: There is none of that name.
    """
    from crawler.app.steer.job_named import job_named

    return job_named(options.job, options.dir.absolute(), os.environ)


def tell(text: str) -> None:
    """Say a line on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
