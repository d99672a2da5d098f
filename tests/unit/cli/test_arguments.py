from __future__ import annotations

from pathlib import Path

import pytest

from crawler.cli.arguments import NOT_YET, UsageError, parse_arguments


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
    options = parse_arguments(words)

    assert (options.command, options.config, options.limit) == ("run", Path("a.yaml"), 5)


@pytest.mark.parametrize("command", NOT_YET)
def test_commands_to_come_are_refused_as_such(command: str) -> None:
    with pytest.raises(UsageError, match=f"^'{command}' is not there yet$"):
        parse_arguments([command, "a.yaml"])


@pytest.mark.parametrize("option", ["--fre", "--res", "--lim=5"])
def test_options_are_not_guessed_from_their_beginning(option: str) -> None:
    with pytest.raises(UsageError, match=f"no such option: {option.partition('=')[0]}"):
        parse_arguments(["a.yaml", option])


def test_verbosity_counts_and_quiet_is_below_it() -> None:
    levels = [parse_arguments(["a.yaml", *more]).level for more in ([], ["-v"], ["-vv"], ["-q"])]

    assert levels == [None, 1, 2, -1]
