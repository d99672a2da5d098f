"""`crawler reparse NAME|CONFIG.yaml`: pages whose bodies are kept, read anew without a request."""

from __future__ import annotations

import argparse
from pathlib import Path

from crawler.cli.run import add_run_options, run_config
from crawler.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a job."""
    parser.add_argument(
        "job", metavar="NAME|CONFIG.yaml", help="a job with incremental.bodies that has been run"
    )
    add_run_options(parser)


def run(options: argparse.Namespace) -> int:
    """Read them anew, as a run of its own; return the exit code.

    Raises:
        ConfigError: The job's config cannot be found, or it keeps no bodies.
    """
    import os

    from crawler.app.job.known_jobs import config_of
    from crawler.config.load import load_job

    word = options.job
    options.config = Path(word)
    if not (word.endswith((".yaml", ".yml")) or options.config.is_file()):
        options.config = config_of(options.dir.absolute(), word)
    job = load_job(options.config, overrides=options.set, environ=os.environ).job
    if job.incremental is None or job.incremental.bodies is None:
        raise ConfigError(
            f"job {job.name} keeps no bodies; with `incremental: {{bodies: {{}}}}` it does from"
            " its next run on"
        )
    return run_config(options, mode="refresh", reread=True)
