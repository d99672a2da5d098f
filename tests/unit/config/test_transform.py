from __future__ import annotations

from pathlib import Path

import pytest

from crawler.config.load import load_job
from crawler.errors import ConfigError


def problem(folder: Path, transform: str) -> str:
    path = folder / "j.yaml"
    path.write_text(f"name: j\nstart: [https://e.org/]\ntransform: {transform}\n")
    with pytest.raises(ConfigError) as caught:
        load_job(path, environ={})
    return str(caught.value)


def test_a_field_alone_is_the_short_form_of_a_built_in_step(tmp_path: Path) -> None:
    path = tmp_path / "j.yaml"
    path.write_text(
        "name: j\nstart: [https://e.org/]\n"
        "transform: {steps: [{simhash: title}, {text: {of: html, to: text}}]}\n"
    )

    first, second = load_job(path, environ={}).job.transform.steps

    assert (first.name, first.simhash and first.simhash.of) == ("simhash", "title")
    assert (second.name, second.text and second.text.to) == ("text", "text")


@pytest.mark.parametrize(
    ("transform", "says"),
    [
        ("{workers: 0}", "the number of process slots is auto, or 1 to 256"),
        ("{workers: atuo}", "the number of process slots is auto, or 1 to 256"),
        ("{offload: sometimes}", "is not one of auto, always, never"),
        ("{timeout: 20}", "unit"),
        ("{steps: [{python: steps}]}", "names no function"),
        ("{steps: [{python: 'a:b', text: t}]}", "one step has one name"),
        ("{steps: [{pyton: 'a:b'}]}", "did you mean 'python'?"),
        ("{step: []}", "did you mean 'steps'?"),
    ],
)
def test_what_is_wrong_with_a_transform_is_said(tmp_path: Path, transform: str, says: str) -> None:
    assert says in problem(tmp_path, transform)
