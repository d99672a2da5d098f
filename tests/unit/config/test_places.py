"""Where everything stands, for `explain` and the summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.config.load import load_job
from crawler.config.masked import effective_yaml

if TYPE_CHECKING:
    from tests.unit.config.conftest import Load

JOB = """\
name: x
start: [https://a.example/]
scope:
  deny:
    - "**/print/**"
    - /private/**
schemas:
  Book:
    title: str
    price: {type: decimal, ge: 0}
extract:
  - item: Book
    each: article
    fields:
      title: {css: h1}
      price:
        css: b
        then:
          - text
          - {regex: "[0-9]+"}
          - number
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("start", 2),
        ("start.urls.0", 2),
        ("scope", 3),
        ("scope.deny.0", 5),
        ("scope.deny.1", 6),
        ("schemas.Book.title", 9),
        ("schemas.Book.title.type", 9),
        ("schemas.Book.price.ge", 10),
        ("extract.0", 12),
        ("extract.0.each.css", 13),
        ("extract.0.fields.price", 16),
        ("extract.0.fields.price.then.0", 19),
        ("extract.0.fields.price.then.1.regex", 20),
        ("extract.0.fields.price.then.2.number", 21),
    ],
)
def test_every_key_and_entry_has_its_place(load: Load, path: str, line: int) -> None:
    assert load(JOB).places[path] == f"job.yaml:{line}"


def test_what_is_not_written_has_no_place(load: Load) -> None:
    assert not [path for path in load(JOB).places if path.startswith("fetch")]


def test_what_set_puts_in_says_so(load: Load) -> None:
    places = load(JOB, "scope.deny=[/a/**]", "scope.max_depth=3").places

    assert places["scope.max_depth"] == "--set"
    assert places["scope.deny.0"] == "--set"


def test_a_file_is_sought_beside_the_config_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team/base.yaml").write_text("args: {a: x}\n")
    (tmp_path / "job.yaml").write_text("extends: team/base.yaml\nname: x\nspider: s.py:S\n")
    (tmp_path / "s.py").write_text("")

    loaded = load_job(tmp_path / "job.yaml", overrides=["args.b=y"], environ={})

    assert loaded.beside("args.a", "f.py") == tmp_path / "team/f.py"
    assert loaded.beside("name", "f.py") == tmp_path / "f.py"
    assert loaded.beside("args.b", "f.py") == tmp_path / "f.py"


def test_the_effective_config_keeps_short_forms_as_they_were_written(load: Load) -> None:
    text = effective_yaml(load(JOB))

    assert "each: article" in text
    assert "title: str" in text
    assert "- text\n" in text
