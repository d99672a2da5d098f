"""`crawler reparse RUN`: pages whose bodies are kept, read anew without a request."""

from __future__ import annotations

import argparse

from crawler.cli.run import add_run_options, run_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a job, by itself or by one of its runs."""
    parser.add_argument(
        "job", metavar="RUN|NAME|CONFIG.yaml",
        help="a job with incremental.bodies that has been run: one of its runs (an id, or the"
        " folder of a report), its name, or its config",
    )  # fmt: skip
    add_run_options(parser)


def run(options: argparse.Namespace) -> int:
    """Read them anew, as a run of its own; return the exit code.

    Raises:
        ConfigError: There is no such run or job, or it keeps no bodies.
        StateError: The job's state cannot be read.
    """
    import os

    from crawler.app.look.job_of_run import job_of, refuse_without_bodies

    base = options.dir.absolute()
    loaded = job_of(base, options.job, options.set, os.environ)
    refuse_without_bodies(loaded, base)
    options.config = loaded.path
    return run_config(options, mode="refresh", reread=True)
