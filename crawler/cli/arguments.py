"""The command line: which command, with which options."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from crawler.cli.commands import COMMANDS, NOT_YET
from crawler.version import VERSION

#: Options of a run that will be.
OPTIONS_NOT_YET = ("--json-log", "--ui")
#: Options whose next word is their value.
_WITH_VALUE = ("--set", "--dir", "-o", "--limit")

_DESCRIPTION = "A polite asyncio web crawler: one YAML file or one Spider class."
_EXAMPLES = """\
examples:
  crawler demo                              see it work: no network, no questions
  crawler new books --url https://...       write a config from what a page shows
  crawler configs/site.yaml                 run a job; an interrupted run goes on
  crawler configs/site.yaml -o - --limit 5  five items to standard output
  crawler try configs/site.yaml URL         one page, and why it gives what it gives

exit codes:
  0 good   1 internal error   2 usage or config   3 a check failed   4 nothing reached
  5 cannot write or state damaged   6 stopped for safety   75 another run holds the lock
  130/143 interrupted
"""


class UsageError(Exception):
    """The command line makes no sense; the message says why."""


def parse_arguments(argv: Sequence[str]) -> tuple[argparse.Namespace, Callable[..., int]]:
    """Read the command line; the first word that is a file or ends in .yaml means "run it".

    Returns:
        The options, and the function that carries the command out with them.

    Raises:
        UsageError: A command or option that is unknown, not there yet, or lacks something.
    """
    words = list(argv)
    first = _first_word(words)
    if first is not None and first not in COMMANDS:
        _check_config(first)
        words.insert(0, "run")
        first = "run"
    if not words:
        raise UsageError("what to run? Name a config file, as in: crawler configs/site.yaml")
    if first is None:
        _, unknown = _overview().parse_known_args(words)  # --help and --version end here
        name = unknown[0].partition("=")[0]
        near = difflib.get_close_matches(name, ("--help", "--version"), 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"{name} of what? Name a config file or a command{hint}")
    before = words.index(first)
    del words[before]
    module = import_module(f"crawler.cli.{COMMANDS[first].module}")
    parser = _Parser(
        prog=f"crawler {first}", description=COMMANDS[first].purpose, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    module.add_arguments(parser)
    options, unknown = parser.parse_known_args(words)
    if unknown:
        raise UsageError(_unknown(unknown[0], first, parser))
    return options, module.run


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
    if word == "help":
        raise UsageError("did you mean crawler --help?")
    if word.endswith((".yaml", ".yml")) or Path(word).is_file():
        return
    near = difflib.get_close_matches(word, COMMANDS, 1)
    hint = f"; did you mean '{near[0]}'?" if near else "; config files end in .yaml"
    raise UsageError(f"no such command or config file: '{word}'{hint}")


def _unknown(word: str, command: str, parser: argparse.ArgumentParser) -> str:
    if not word.startswith("-"):
        many = "one config at a time: " if command == "run" else ""
        return f"{many}what is '{word}'?"
    name = word.partition("=")[0]
    if name in OPTIONS_NOT_YET:
        return f"{name} is not there yet"
    known = [option for option in _options(parser) if option.startswith("--")]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else f"; crawler {command} --help lists them"
    return f"no such option: {name}{hint}"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the options of a command and of its actions."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - see above
            for below in action.choices.values():
                yield from _options(below)


class _Parser(argparse.ArgumentParser):
    """Raises instead of printing its usage over half a screen."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def _overview() -> argparse.ArgumentParser:
    """Return the parser of what comes before any command."""
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {one.purpose}" for name, one in COMMANDS.items())
    parser = _Parser(
        prog="crawler",
        usage="crawler CONFIG.yaml [options] | crawler COMMAND [options]",
        description=_DESCRIPTION,
        epilog=f"commands, each with a --help of its own:\n{commands}\n\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"crawler {VERSION}")
    return parser
