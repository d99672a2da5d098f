"""`crawler stop NAME`: a run ends as with Ctrl-C, and can be resumed."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from crawler.cli.job_word import add_job, job_paths, tell
from crawler.cli.printing import put
from crawler.errors import ConfigError

_SIGNALS = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a job."""
    add_job(parser)
    parser.add_argument(
        "--now", action="store_true", help="give up what is in flight; a second stop does the same"
    )


def run(options: argparse.Namespace) -> int:
    """Stop it, wait for its end; return 0.

    Raises:
        ConfigError: No run of the job goes on, or it cannot be stopped from here.
    """
    from crawler.app.safe_text import safe
    from crawler.app.steer.running import running

    paths = job_paths(options)
    going = running(paths)
    if going is None:
        raise ConfigError(f"no run of {paths.name} goes on")
    last = going.stop(now=options.now, tell=tell)
    code, go_on = last.get("exit"), last.get("go_on")
    if not isinstance(code, int):
        put([f"{paths.name} has ended"])
        return 0
    if code < _SIGNALS or not isinstance(go_on, str):
        put([f"{paths.name} has ended (exit {code}): it was at its end already"])
        return 0
    folder = last.get("folder")
    there = isinstance(folder, str) and Path(folder) != Path.cwd()
    command = f"cd {shlex.quote(folder)} && {go_on}" if there and folder else go_on
    put(
        [safe(f"{paths.name} has stopped (exit {code}); state saved; go on with: {command}", 2_000)]
    )
    return 0
