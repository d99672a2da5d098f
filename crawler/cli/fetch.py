"""`crawler fetch URL`: the body of one URL to stdout, as a config would fetch it."""

from __future__ import annotations

import argparse
import sys

from crawler.cli.page_options import add_page_arguments, job_of, with_page
from crawler.cli.printing import stdout_bytes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a URL and how to fetch it."""
    parser.add_argument("url", metavar="URL")
    add_page_arguments(parser, config=True)
    parser.add_argument("-i", "--headers", action="store_true", help="the header fields first")
    parser.add_argument("--no-follow", action="store_true", help="do not follow redirects")
    parser.add_argument(
        "--ignore-robots", action="store_true", help="fetch what robots.txt forbids"
    )


def run(options: argparse.Namespace) -> int:
    """Fetch; 0 for an answer below 400, 3 for another or none allowed, 4 for no answer."""
    loaded = job_of(options, options.url)
    from crawler.app.look.fetch_url import FetchWish, fetch_url

    wish = FetchWish(
        url=options.url, headers=options.headers, follow=not options.no_follow,
        ignore_robots=options.ignore_robots,
    )  # fmt: skip
    out, err = stdout_bytes(), sys.stderr
    return with_page(loaded, options.dir, lambda page: fetch_url(page, wish, out, err))
