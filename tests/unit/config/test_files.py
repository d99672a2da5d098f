from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

HEAD = "name: x\nstart: [https://a.example/]\n"


def test_files_have_a_place_by_default(load: Load) -> None:
    files = load(HEAD + "files: {min_size: 64x48}\n").job.files

    assert files is not None
    assert (files.path, files.min_size) == ("files/{sha256:2}/{sha256}{ext}", (64, 48))
    assert load(HEAD).job.files is None


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("images/{sha256:2}{ext}", "needs {sha256}"),
        ("images/{sha265}{ext}", "has an unknown placeholder {sha265}"),
        ("images/{sha256:99}/{sha256}", "has {sha256:99} in it"),
        ("/images/{sha256}", "is no path below a folder"),
        ("images/../../{sha256}", "is no path below a folder"),
        ("{host}/{sha256}", "is no path below a folder"),
        ("{sha256}", "is no path below a folder"),
    ],
)
def test_a_path_that_could_lose_a_file_is_refused(problems: Fail, path: str, what: str) -> None:
    (problem,) = problems(HEAD + f'files: {{path: "{path}"}}\n')

    assert what in problem.message


@pytest.mark.parametrize("size", ["64", "0x5", "64 x 64", "[64, 64]"])
def test_a_size_in_pixels_has_two_sides(problems: Fail, size: str) -> None:
    (problem,) = problems(HEAD + f"files: {{min_size: {size}}}\n")

    assert problem.line == 3


@pytest.mark.parametrize(
    "key",
    [
        "extract: [{item: A, fields: {a: {css: a}}}]",
        "follow: [{css: a}]",
        "transform: {steps: [{text: a}]}",
        "run: {workers: 2}",
    ],
)
def test_what_files_do_not_go_with_is_refused(problems: Fail, key: str) -> None:
    (problem,) = problems(HEAD + f"files: {{}}\n{key}\n")

    assert problem.line == 4
