"""`crawler resume NAME`: a paused run goes on."""

from __future__ import annotations

import argparse

from crawler.cli.job_word import add_job
from crawler.cli.pause import ask
from crawler.cli.printing import put


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a job."""
    add_job(parser)


def run(options: argparse.Namespace) -> int:
    """Let it go on; return 0.

    Raises:
        ConfigError: No run of the job goes on, or it cannot be asked.
    """
    said = ask(options, "resume")
    put([f"{said['job']} {'goes on' if said.get('was') else 'was not paused'}"])
    return 0
