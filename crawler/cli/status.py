"""`crawler status NAME`: how the run of a job goes, or what the last one came to."""

from __future__ import annotations

import argparse
import shutil

from crawler.cli.job_word import add_job, job_paths
from crawler.cli.printing import put, put_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a job."""
    add_job(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(options: argparse.Namespace) -> int:
    """Print it; return 0.

    Raises:
        ConfigError: No such job was run, or its run cannot be asked.
    """
    from crawler.app.steer.last_run import last_run
    from crawler.app.steer.running import running
    from crawler.app.steer.status_lines import status_lines

    paths = job_paths(options)
    going = running(paths)
    if going is not None:
        width = shutil.get_terminal_size((100, 24)).columns
        answer = going.ask({"do": "status", "width": width})
        if options.json:
            put_json(answer)
        else:
            put(status_lines(answer))
        return 0
    last = last_run(paths)
    if options.json:
        found = None if last is None else last.summary
        put_json({"ok": True, "job": paths.name, "state": "none", "last": found})
        return 0
    put([f"no run of {paths.name} goes on"])
    put(last.lines() if last is not None else ["none has left a report"])
    return 0
