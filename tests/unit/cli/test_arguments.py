from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

import pytest

from crawler.cli import run
from crawler.cli.arguments import UsageError, parse_arguments
from crawler.cli.commands import COMMANDS, NOT_YET


@pytest.mark.parametrize(
    "words",
    [
        ["a.yaml", "--limit", "5"],
        ["--limit", "5", "a.yaml"],
        ["run", "a.yaml", "--limit", "5"],
        ["--dir", "x.yaml.d", "--limit=5", "-o", "-", "a.yaml", "-q"],
    ],
)
def test_a_config_alone_means_run_it_wherever_it_stands(words: list[str]) -> None:
    options, command = parse_arguments(words)

    assert command is run.run
    assert (options.config, options.limit) == (Path("a.yaml"), 5)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_that_takes_arguments(name: str) -> None:
    module = import_module(f"crawler.cli.{COMMANDS[name].module}")

    module.add_arguments(argparse.ArgumentParser())

    assert callable(module.run)


@pytest.mark.parametrize("command", NOT_YET)
def test_commands_to_come_are_refused_as_such(command: str) -> None:
    with pytest.raises(UsageError, match=f"^'{command}' is not there yet$"):
        parse_arguments([command, "a.yaml"])


@pytest.mark.parametrize("option", ["--fre", "--res", "--lim=5"])
def test_options_are_not_guessed_from_their_beginning(option: str) -> None:
    with pytest.raises(UsageError, match=f"no such option: {option.partition('=')[0]}"):
        parse_arguments(["a.yaml", option])


def test_verbosity_counts_and_quiet_is_below_it() -> None:
    levels = [parse_arguments(["a.yaml", *more])[0].level for more in ([], ["-v"], ["-vv"], ["-q"])]

    assert levels == [None, 1, 2, -1]


def test_an_unknown_option_is_compared_with_those_of_its_command() -> None:
    with pytest.raises(UsageError, match="no such option: --anywy; did you mean --anyway"):
        parse_arguments(["try", "a.yaml", "/", "--anywy"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "what to run?"),
        (["--fresh"], "^--fresh of what\\? Name a config file or a command$"),
        (["--limit", "3"], "^--limit of what"),
        (["--verison"], "did you mean --version\\?$"),
        (["help"], "did you mean crawler --help\\?"),
        (["demo", "--day", "2026"], "'2026' is no day; write YYYY-MM-DD"),
        (["demo", "--serve", "--port", "99999"], "'99999' is no port from 1 to 65535"),
    ],
)
def test_what_makes_no_sense_is_answered_with_what_does(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_arguments(words)


def test_a_port_is_refused_where_nothing_would_listen_to_it() -> None:
    options, command = parse_arguments(["demo", "--port", "8000"])

    with pytest.raises(UsageError, match="--port is of use with --serve alone"):
        command(options)
