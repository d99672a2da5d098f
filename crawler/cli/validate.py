"""`crawler validate CONFIG...`: every problem of every file, nothing fetched."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from crawler.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take config files and changes to them."""
    parser.add_argument("configs", nargs="+", type=Path, metavar="CONFIG")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY.PATH=VALUE",
        help="change a setting; may be given several times",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Check files; return 0 if all are good, else 2."""
    from crawler.config.load import load_job

    wrong = 0
    for path in options.configs:
        try:
            load_job(path, overrides=options.set, environ=os.environ)
        except ConfigError as error:
            wrong += 1
            sys.stderr.write(f"{error}\n")
        else:
            sys.stdout.write(f"{path}: ok\n")
    return 2 if wrong else 0
