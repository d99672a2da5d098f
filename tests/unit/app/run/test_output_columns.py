from __future__ import annotations

from pathlib import Path

import pytest

from crawler.app.run.output_columns import columns_of
from crawler.config.load import load_job
from crawler.config.models.job import Job


def job(tmp_path: Path, text: str) -> Job:
    file = tmp_path / "job.yaml"
    file.write_text(f'name: shop\nstart: ["https://shop.example/"]\n{text}')
    return load_job(file, overrides=[], environ={}).job


SCHEMAS = """
schemas:
  Offer: {amount: int}
  Book: {upc: str, offers: "list[Offer]", title: {type: str, optional: true}}
  Author: {title: str, born: date}
"""
RULES = """
extract:
  - item: Author
    url: /a/*
    fields: {title: {css: h1}, born: {css: time}}
  - item: Note
    url: /n/*
    fields: {text: {css: p}, title: {css: h2}}
"""


def test_rules_decide_which_kinds_there_are_and_schemas_about_the_order_of_their_fields(
    tmp_path: Path,
) -> None:
    made = job(tmp_path, SCHEMAS + RULES.replace("{title: {css: h1}, ", "{").replace(
        "{css: time}}", "{css: time}, title: {css: h1}}"))  # fmt: skip

    assert columns_of(made, "none") == ("title", "born", "text")


def test_a_class_may_give_every_kind_that_is_no_part_of_another(tmp_path: Path) -> None:
    (tmp_path / "s.py").touch()
    made = job(tmp_path, f'{SCHEMAS}\nspider: "s.py:S"\n')

    assert columns_of(made, "none") == ("upc", "offers", "title", "born")


@pytest.mark.parametrize(
    ("provenance", "added"),
    [
        ("none", ()),
        ("url", ("_url", "_id")),
        ("full", ("_url", "_id", "_job", "_run", "_at", "_depth", "_from")),
    ],
)
def test_what_provenance_adds_comes_last(
    tmp_path: Path, provenance: str, added: tuple[str, ...]
) -> None:
    assert columns_of(job(tmp_path, RULES), provenance) == ("title", "born", "text", *added)


def test_nothing_is_known_of_a_job_without_rules(tmp_path: Path) -> None:
    assert columns_of(job(tmp_path, ""), "url") == ()
