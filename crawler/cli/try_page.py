"""`crawler try CONFIG URL`: one URL end to end, and why."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.explain import print_lines
from crawler.cli.page_options import add_page_arguments, with_page

if TYPE_CHECKING:
    from crawler.app.look.one_page import OnePage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a config, a URL and how to look at it."""
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")
    parser.add_argument("url", metavar="URL", help="{demo} and paths are understood")
    parser.add_argument("--label", help="take the page to have this label")
    parser.add_argument(
        "--anyway", action="store_true", help="fetch it even if the scope or robots.txt says no"
    )
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    add_page_arguments(parser, config=False)


def run(options: argparse.Namespace) -> int:
    """Try; 0 if it would be crawled well, 3 if not, 4 when there was no answer."""
    from crawler.app.job.job_paths import JobPaths
    from crawler.app.look.try_url import Trial, TryWish
    from crawler.clock import SystemClock
    from crawler.config.load import load_job

    loaded = load_job(options.config, overrides=options.set, environ=os.environ)
    paths = JobPaths(options.dir.absolute(), loaded.job.name)
    wish = TryWish(url=options.url, label=options.label, anyway=options.anyway)

    async def trying(page: OnePage) -> int:
        tried = await Trial(page, loaded, paths, SystemClock().wall()).run(wish)
        print_lines(tuple(tried.lines), as_json=options.json)
        return tried.exit_code

    return with_page(loaded, options.dir, trying)
