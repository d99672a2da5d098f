"""`crawler pause NAME`: a run sends nothing more out until it is resumed."""

from __future__ import annotations

import argparse

from crawler.cli.job_word import add_job, job_paths
from crawler.cli.own_command import own_command
from crawler.cli.printing import put
from crawler.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a job."""
    add_job(parser)


def run(options: argparse.Namespace) -> int:
    """Pause it; return 0.

    Raises:
        ConfigError: No run of the job goes on, or it cannot be asked.
    """
    said = ask(options, "pause")
    if said.get("was"):
        put([f"{said['job']} is paused already"])
        return 0
    flying = said.get("in_flight")
    rest = f": {flying} in flight still come to their end" if flying else ""
    go_on = own_command("resume", options.job, *_dir(options))
    put([f"{said['job']} is paused{rest}; it goes on with: {go_on}"])
    return 0


def ask(options: argparse.Namespace, what: str) -> dict[str, object]:
    """Ask the run of a job for something, and return what it says.

    Raises:
        ConfigError: No run of the job goes on, or it does not do it.
    """
    from crawler.app.safe_text import safe
    from crawler.app.steer.running import running

    paths = job_paths(options)
    going = running(paths)
    if going is None:
        raise ConfigError(f"no run of {paths.name} goes on")
    said = going.ask({"do": what})
    if said.get("ok") is not True:
        raise ConfigError(f"{going.text}: {safe(str(said.get('error')))}")
    return said


def _dir(options: argparse.Namespace) -> list[str]:
    return [] if str(options.dir) == "." else ["--dir", str(options.dir)]
