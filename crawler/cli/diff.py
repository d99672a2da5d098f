"""`crawler diff RUN RUN`: how two runs differ."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.cli.printing import put, put_json

if TYPE_CHECKING:
    from crawler.app.look.found_run import FoundRun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take two runs and what to say of them."""
    parser.add_argument("old", metavar="RUN|NAME", help="a run id; or a job, for its last two runs")
    parser.add_argument("new", metavar="RUN", nargs="?", help="the run that is held against it")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--urls", action="store_true", help="each URL that came, went, or ended differently"
    )
    which.add_argument("--items", action="store_true", help="each item that came, went, or changed")
    parser.add_argument(
        "--json", action="store_true", help="for programs; lists are one object a line"
    )
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state, data and reports (default: the current directory)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Print it; return 0.

    Raises:
        ConfigError: There is no such run.
        StateError: What one of them left cannot be read.
    """
    import msgspec

    from crawler.app.look.diff_lines import diff_lines
    from crawler.app.look.diff_runs import diff_runs
    from crawler.app.look.found_run import find_two

    old, new = find_two(options.dir.absolute(), options.old, options.new)
    if options.urls or options.items:
        put(_listed(options, old, new))
        return 0
    diff = diff_runs(old, new)
    if options.json:
        put_json(msgspec.to_builtins(diff))
    else:
        put(diff_lines(diff))
    return 0


def _listed(options: argparse.Namespace, old: FoundRun, new: FoundRun) -> Iterator[str]:
    from crawler.app.look.diff_lines import change_line
    from crawler.app.look.diff_runs import item_changes, url_changes

    name = "url" if options.urls else "item"
    for what, key in url_changes(old, new) if options.urls else item_changes(old, new):
        if what != "same":
            yield json.dumps({"what": what, name: key}) if options.json else change_line(what, key)
