"""`crawler new [NAME]`: a config that works at once."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from crawler.cli.own_command import own_command
from crawler.cli.printing import put

_EPILOG = """\
examples:
  crawler new books                            for the practice shop, no network needed
  crawler new books --url https://example.org/ from what a site shows
  crawler new books -t spider                  a Python class instead of rules
  crawler new books -t incremental             every night only what changed, with events
"""
_FORBIDDEN, _UNREACHED = 3, 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a name and what the config is for."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "name", nargs="?", metavar="NAME",
        help="of the job and its file NAME.yaml (default: after the site or the template)",
    )  # fmt: skip
    parser.add_argument(
        "-t", dest="template", default="site", metavar="TEMPLATE",
        help="site: rules in YAML (default); images: pictures of a list; spider: a Python class;"
        " incremental: only what changed, every night",
    )  # fmt: skip
    parser.add_argument(
        "--url", metavar="URL", help="look at this page once, and write what it shows"
    )
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="where to write (default: the current directory)",
    )  # fmt: skip
    parser.add_argument(
        "--full", action="store_true", help="also write every other key, commented out"
    )


def run(options: argparse.Namespace) -> int:
    """Write the files and say what to do next; 3 or 4 if the site cannot be looked at.

    Raises:
        ConfigError: The name is none, or a file is there already.
    """
    from crawler.app.begin.new_job import NewJob, write_new_job
    from crawler.app.look.polite_fetch import Forbidden
    from crawler.app.safe_text import safe
    from crawler.clock import SystemClock
    from crawler.errors import FetchError

    wish = NewJob(
        name=options.name, template=options.template, url=options.url, folder=options.dir,
        full=options.full,
    )  # fmt: skip
    try:
        written = write_new_job(wish, SystemClock(), os.environ)
    except Forbidden as error:
        sys.stderr.write(f"error: {safe(str(error))}\n")
        return _FORBIDDEN if error.answer.rules.reachable else _UNREACHED
    except FetchError as error:
        sys.stderr.write(f"error: {safe(f'{error.url}: {error}')}\n")
        return _UNREACHED
    put(f"wrote {path}" for path in (written.config, *written.others))
    config = str(written.config)
    check = ["validate", config, *(["--online"] if options.url else [])]
    nexts = (check, ["try", config, written.try_url], [config])
    put(["next:", *(f"  {own_command(*words)}" for words in nexts)])
    return 0
