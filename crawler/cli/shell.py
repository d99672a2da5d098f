"""`crawler shell [URL]`: a Python prompt with a page in it."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from crawler.cli.page_options import add_page_arguments, job_of

if TYPE_CHECKING:
    from crawler.config.load import LoadedJob

_EPILOG = """\
examples:
  crawler shell https://example.org/
  crawler shell --config configs/site.yaml "{demo}/" -c "links()"
  crawler shell https://example.org/ < code.py
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a URL, and how it is to be fetched and looked at."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "url", nargs="?", metavar="URL",
        help="the first page (default: the first start URL of the config, or none)",
    )  # fmt: skip
    add_page_arguments(parser, config=True)
    parser.add_argument(
        "-c", dest="code", metavar="CODE",
        help="run this instead of a prompt; what standard input holds is run too, if it is no"
        " terminal",
    )  # fmt: skip
    parser.add_argument(
        "--ignore-robots", action="store_true", help="fetch what robots.txt forbids"
    )


def run(options: argparse.Namespace) -> int:
    """Open the shell; return 0, 1 if the code raised, 3 or 4 if the page could not be had.

    Raises:
        ConfigError: The config or the URL is wrong.
    """
    from crawler.app.look.shell import ShellOptions, open_shell
    from crawler.clock import SystemClock

    loaded = _job(options)
    url = options.url
    if url is None and options.config is not None:
        url = next(iter(loaded.job.start.urls), None)
    wanted = ShellOptions(
        url=url, base=options.dir, obey=not options.ignore_robots,
        any_type=options.config is None, source=_source(options),
    )  # fmt: skip
    return open_shell(loaded, wanted, SystemClock())


def _job(options: argparse.Namespace) -> LoadedJob:
    """Return the job whose manners the shell has."""
    if options.config is not None or options.url is not None:
        return job_of(options, options.url or "")
    from crawler.app.job.ad_hoc_job import job_for

    # Nothing names a host, and every URL will be typed by hand.
    changes = ["fetch.private_addresses=allow", *options.set]
    return job_for("http://localhost/", changes, os.environ)


def _source(options: argparse.Namespace) -> str | None:
    """Return code to run instead of a prompt; None at a terminal."""
    if options.code is not None:
        return str(options.code)
    if sys.stdin is None:
        return ""
    return None if sys.stdin.isatty() else sys.stdin.read()
