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
        "follow: [{css: a}]",
        "transform: {steps: [{text: a}]}",
        "run: {workers: 2}",
        "transform: {steps: [{dhash: a}, {dhash: a}]}",
    ],
)
def test_what_files_do_not_go_with_is_refused(problems: Fail, key: str) -> None:
    (problem,) = problems(HEAD + f"files: {{}}\n{key}\n")

    assert problem.line == 4


def test_files_of_items_go_with_rules_and_with_steps_over_both(load: Load) -> None:
    job = load(
        HEAD + "files: {}\nextract: [{item: A, fields: {image_urls: {css: a, all: true}}}]\n"
        "transform: {steps: [{text: a}, {thumbnail: 64x64}]}\n"
    ).job

    assert not job.lists_files
    assert [step.name for step in job.transform.steps] == ["text", "thumbnail"]


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ("{resize: {fit: 64x64}}", "resize needs a place"),
        ("{resize: {fit: 64x64, pad: 64x64}, save_as: 'a/{sha256}.jpg'}", "resized in one way"),
        ('{thumbnail: 64x64, save_as: "a/{sha256}.gif"}', "is no picture that can be written"),
        ('{thumbnail: 64x64, save_as: "a/x.jpg"}', "needs {sha256}"),
        ("{dhash: looks, quality: 3}", "the step dhash has no quality"),
    ],
)
def test_a_step_over_pictures_says_what_it_lacks(problems: Fail, step: str, what: str) -> None:
    (problem,) = problems(HEAD + f"files: {{}}\ntransform: {{steps: [{step}]}}\n")

    assert what in problem.message


def test_steps_over_pictures_need_files(problems: Fail) -> None:
    (problem,) = problems(HEAD + "transform: {steps: [{dhash: a}]}\n")

    assert "there are no files" in problem.message
