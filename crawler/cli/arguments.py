"""The command line: which command, with which options."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path

from crawler.version import VERSION

#: Commands that are there, and those that will be.
COMMANDS = ("run", "validate", "schema")
NOT_YET = (
    "demo", "try", "explain", "new", "shell", "fetch", "runs", "show", "diff", "retry", "status",
    "pause", "resume", "stop", "cron", "map", "transcode", "runspider", "crawl", "state", "test",
    "reparse", "doctor", "bench",
)  # fmt: skip

_EXAMPLES = """\
examples:
  crawler configs/site.yaml                 run a job; an interrupted run goes on
  crawler configs/site.yaml -o - --limit 5  five items to standard output
  crawler validate configs/*.yaml           every problem at once, nothing fetched

exit codes:
  0 good   1 internal error   2 usage or config   3 a check failed   4 nothing reached
  5 cannot write or state damaged   75 another run holds the lock   130/143 interrupted
"""


class UsageError(Exception):
    """The command line makes no sense; the message says why."""


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; the first word that is a file or ends in .yaml means "run it".

    Raises:
        UsageError: A command that is unknown or not there yet.
    """
    words = list(argv)
    first = next((word for word in words if not word.startswith("-")), None)
    if first is not None and first not in COMMANDS:
        if first in NOT_YET:
            raise UsageError(f"'{first}' is not there yet")
        if not (first.endswith((".yaml", ".yml")) or Path(first).is_file()):
            near = difflib.get_close_matches(first, COMMANDS, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise UsageError(f"no such command or config file: '{first}'{hint}")
        words.insert(0, "run")
    return _parser().parse_args(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="crawler",
        description="A polite asyncio web crawler: one YAML file or one Spider class.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"crawler {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_run(commands.add_parser("run", help="run a job: crawler CONFIG.yaml does the same"))
    validate = commands.add_parser("validate", help="check config files; fetches nothing")
    validate.add_argument("configs", nargs="+", type=Path, metavar="CONFIG")
    validate.add_argument("--set", action="append", default=[], metavar="KEY.PATH=VALUE")
    commands.add_parser("schema", help="print the JSON Schema of config files, for editors")
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("config", type=Path, metavar="CONFIG.yaml")
    run.add_argument(
        "--set", action="append", default=[], metavar="KEY.PATH=VALUE",
        help="change a setting; may be given several times",
    )  # fmt: skip
    run.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state, data and reports (default: the current directory)",
    )  # fmt: skip
    mode = run.add_mutually_exclusive_group()
    mode.add_argument("--fresh", action="store_true", help="begin anew, whatever was interrupted")
    mode.add_argument("--resume", action="store_true", help="go on, or fail if nothing can")
    run.add_argument("--forget", action="store_true", help="wipe the job's history first")
    run.add_argument(
        "-o", dest="output", metavar="PATH", help="instead of the outputs; - is stdout"
    )
    run.add_argument("--limit", type=_count, metavar="N", help="end after N items")
    loud = run.add_mutually_exclusive_group()
    loud.add_argument("-q", dest="level", action="store_const", const=-1, help="errors only")
    loud.add_argument("-v", dest="level", action="count", help="a line for each page; -vv: debug")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
