"""The command line: which command, with which options."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from crawler.version import VERSION

#: Commands that are there, and those that will be.
COMMANDS = ("run", "validate", "schema")
NOT_YET = (
    "demo", "try", "explain", "new", "shell", "fetch", "runs", "show", "diff", "retry", "status",
    "pause", "resume", "stop", "cron", "map", "transcode", "runspider", "crawl", "state", "test",
    "reparse", "doctor", "bench",
)  # fmt: skip
#: Options of a run that will be.
OPTIONS_NOT_YET = ("--refresh", "--cron", "--json-log", "--ui")
#: Options whose next word is their value.
_WITH_VALUE = ("--set", "--dir", "-o", "--limit")

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
        UsageError: A command or option that is unknown, not there yet, or lacks something.
    """
    words = list(argv)
    first = _first_word(words)
    if first is not None and first not in COMMANDS:
        _check_config(first)
        words.insert(0, "run")
    if not words:
        raise UsageError("what to run? Name a config file, as in: crawler configs/site.yaml")
    options, unknown = _parser().parse_known_args(words)
    if unknown:
        raise UsageError(_unknown(unknown[0]))
    if getattr(options, "forget", False) and options.resume:
        raise UsageError("--forget wipes what --resume goes on with; use one of them")
    return options


def _first_word(words: Sequence[str]) -> str | None:
    """Return the first word that is neither an option nor the value of one."""
    before = ""
    for word in words:
        if not (word.startswith("-") or before in _WITH_VALUE):
            return word
        before = word
    return None


def _check_config(word: str) -> None:
    if word in NOT_YET:
        raise UsageError(f"'{word}' is not there yet")
    if word.endswith((".yaml", ".yml")) or Path(word).is_file():
        return
    near = difflib.get_close_matches(word, COMMANDS, 1)
    hint = f"; did you mean '{near[0]}'?" if near else "; config files end in .yaml"
    raise UsageError(f"no such command or config file: '{word}'{hint}")


def _unknown(word: str) -> str:
    if not word.startswith("-"):
        return f"one config at a time: what is '{word}'?"
    name = word.partition("=")[0]
    if name in OPTIONS_NOT_YET:
        return f"{name} is not there yet"
    known = ("--set", "--dir", "--fresh", "--resume", "--forget", "--limit", "--help", "--version")
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else "; crawler run --help lists them"
    return f"no such option: {name}{hint}"


class _Parser(argparse.ArgumentParser):
    """Raises instead of printing its usage over half a screen."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="crawler",
        description="A polite asyncio web crawler: one YAML file or one Spider class.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"crawler {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_run(
        commands.add_parser(
            "run", help="run a job: crawler CONFIG.yaml does the same", allow_abbrev=False
        )
    )
    validate = commands.add_parser(
        "validate", help="check config files; fetches nothing", allow_abbrev=False
    )
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
    if not (text.isascii() and text.isdigit()) or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
