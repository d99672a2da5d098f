"""Functions by name."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest

from crawler.errors import ConfigError
from crawler.offload.named_function import NotImportable, find_function, name_of


class Thing:
    @staticmethod
    def still(value: object) -> object:
        return value

    def bound(self, value: object) -> object:
        return value


def test_a_function_is_found_under_the_name_it_is_given() -> None:
    assert find_function(name_of(json.dumps)) is json.dumps
    assert find_function("os.path:join")("a") == "a"


@pytest.mark.parametrize(
    "function", [lambda _: 0, functools.partial(json.dumps), Thing().bound, Thing()]
)
def test_what_no_other_process_can_find_has_no_name(function: object) -> None:
    with pytest.raises(ConfigError, match="cannot be found by another process"):
        name_of(function)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["f", "mod:", ":f", ""])
def test_a_text_without_module_or_function_is_no_name(text: str) -> None:
    with pytest.raises(ConfigError, match="names no function"):
        name_of(text)


def test_a_function_of_a_file_may_be_in_a_class(tmp_path: Path) -> None:
    file = tmp_path / "steps.py"
    file.write_text("class A:\n    @staticmethod\n    def f(x):\n        return x + 1\n")

    assert find_function(f"{file}:A.f")(1) == 2


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(:\n", "SyntaxError"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("import no_such_module_at_all\n", "No module named"),
        ("async def f(x): ...\n", "f of .* is async"),
        ("def f(x, y): ...\n", "f of .* cannot be called with one value: missing"),
        ("f = 3\n", "f of .* is no function"),
        ("def g(x): ...\n", "has no function f"),
        ("def ff(x): ...\n", "did you mean 'ff'?"),
    ],
)
def test_what_keeps_a_function_from_being_imported_is_said(
    tmp_path: Path, code: str, said: str
) -> None:
    file = tmp_path / "steps.py"
    file.write_text(code)

    with pytest.raises(NotImportable, match=said):
        find_function(f"{file}:f")


def test_a_file_or_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotImportable, match="there is no file"):
        find_function(f"{tmp_path}/none.py:f")
    with pytest.raises(NotImportable, match="there is no module nowhere; install it"):
        find_function("nowhere.at.all:f")
