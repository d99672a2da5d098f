from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

HEAD = "name: x\nstart: [https://a.example/]\n"


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("fetch: {cache: {}}", 9, "'fetch.cache'"),
        ("output: [{path: a.sqlite}]", 17, "an output in .sqlite"),
        ("output: [{path: a.warc.gz}]", 17, "an output in .warc"),
    ],
)  # fmt: skip
def test_what_is_not_due_yet_is_refused_at_its_place(
    problems: Fail, text: str, column: int, what: str
) -> None:
    (problem,) = problems(HEAD + text + "\n")

    assert (problem.line, problem.column) == (3, column)
    assert problem.message == f"{what} is not supported yet"


def test_a_misspelt_future_key_is_still_recognised(problems: Fail) -> None:
    (problem,) = problems(HEAD + "fetch: {cahce: {}}\n")

    assert problem.hint == "did you mean 'cache'?"


def test_a_field_may_bear_the_name_of_a_future_key(load: Load) -> None:
    rule = "extract: [{item: A, fields: {files: {css: a}, only: {css: b}}}]"

    assert set(load(HEAD + rule + "\n").job.extract[0].fields) == {"files", "only"}
