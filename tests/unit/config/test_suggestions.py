"""Every misspelt key gets the right suggestion, at the right place."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.config.load import load_job
from crawler.config.suggest import nearest
from crawler.errors import ConfigError, Problem

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail

JOB = """\
version: 1
name: books
demo: false
start:
  urls: [https://books.example/]
  from_file: "-"
  url_column: address
  keep_columns: [sku]
  sitemap: [https://books.example/sitemap.xml]
  newer_than: 2d
  max_sitemap_files: 9
scope:
  hosts: [books.example]
  allow: ["/catalogue/**"]
  deny: ["**/reviews/**"]
  max_depth: 8
  max_pages: 2_000
  max_runtime: 4h
  follow: true
  canonical: {sort_query: true, drop_params: [ref]}
follow:
  - css: "article h3 a"
    label: book
fetch:
  user_agent: acme
  robots: obey
  timeout: 20s
  deadline: 2m
  retries: 3
  concurrency: 8
  per_host: {concurrency: 2, delay: 500ms, adaptive: true}
  limits: [{match: "api.example/**", delay: 2s, concurrency: 1}]
  max_body: 8MiB
  private_addresses: start
  accept: [text/html]
  headers: {}
  cookies: {}
run: {backend: asyncio, workers: 1, loop: auto, durability: process}
args: {}
schemas:
  Own:
    any: {type: str, key: true, pattern: ".", min_length: 1, max_length: 9, one_of: [abc]}
    other: {type: int, optional: true, default: 5, ge: 0, le: 9}
extract:
  - item: Book
    label: book
    url: "/catalogue/**"
    try: [json_ld]
    fields:
      any: {css: "h1::text", all: false, then: [text, {regex: x}, {contains: y}]}
      other: {xpath: "//p", fields: {any: {css: b, then: [{default: 1}]}}}
  - item: Entry
    each: {jmes: "a[]"}
    fields: {any: {jmes: b}, other: {value: c}}
output:
  - path: a.csv
    mode: new
    provenance: url
    formula_cells: quote
checks: {min_items: 900, min_fill: {any: 9%}, max_failed: 2%, allow_empty: false}
notify:
  after: 2
  remind_every: 2
  healthcheck: https://hc.example/u
  timeout: 5s
  webhook: [{url: "https://hooks.example/x", secret: abcd, when: items > 1}]
"""

# Field names are the user's: no spelling of them is wrong. Three letters are like too many others:
# `alu` is as near to `value` as to `all`.
KEYS = [
    match
    for match in re.finditer(r"\b[a-z_]{4,}(?=: |:$)", JOB, re.MULTILINE)
    if match.group() not in ("any", "other")  # and capitals, like schemas
]
KNOWN = {match.group() for match in KEYS}


@st.composite
def mistakes(draw: st.DrawFn) -> tuple[re.Match[str], str]:
    """Return a key of the job, and the same key with one slip of the keyboard."""
    match = draw(st.sampled_from(KEYS))
    key = match.group()
    at = draw(st.integers(0, len(key) - 1))
    letter = draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    slips = [key[:at] + letter + key[at:], key[:at] + letter + key[at + 1 :]]
    slips += [key[:at] + key[at + 1 :], key[:at] + key[at : at + 2][::-1] + key[at + 2 :]]
    slip = draw(st.sampled_from(slips).filter(lambda one: one not in KNOWN and len(one) > 1))
    return match, slip


def problems_in(text: str) -> tuple[Problem, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "job.yaml")
        path.write_text(text)
        with pytest.raises(ConfigError) as caught:
            load_job(path, environ={})
    return caught.value.problems


def test_the_job_itself_is_good(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(JOB)

    assert load_job(path, environ={}).job.name == "books"


@settings(deadline=None)  # a config is loaded from disk
@given(mistakes())
def test_a_misspelt_key_is_found_and_its_right_spelling_named(
    mistake: tuple[re.Match[str], str],
) -> None:
    match, slip = mistake
    before = JOB[: match.start()]

    found = problems_in(before + slip + JOB[match.end() :])

    unknown = (f"unknown key '{slip}'", f"unknown step '{slip}'")
    (problem,) = [p for p in found if p.message.startswith(unknown)]
    assert problem.line == before.count("\n") + 1
    assert problem.column == len(before) - before.rfind("\n")
    assert problem.hint == f"did you mean '{match.group()}'?"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("maxDepth", "max_depth"), ("max-depth", "max_depth"), ("MAX_DEPTH", "max_depth")],
)
def test_case_and_dashes_are_no_obstacle(word: str, meant: str) -> None:
    assert nearest(word, ["max_pages", meant, "match"]) == meant


def test_a_word_like_no_other_gets_no_suggestion() -> None:
    assert nearest("zzz", ["max_pages", "robots"]) is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("start: https://a.example/", "write [https://a.example/]"),
        ("start: [https://a.example/]\nschemas: {A: {b: }}", "name its type, e.g. b: str"),
        (
            "start: [https://a.example/]\nschemas: {A: {b: [str]}}",
            'name its type, e.g. b: "list[str]"',
        ),
    ],
)
def test_a_section_with_a_short_form_says_how_it_is_written(
    problems: Fail, text: str, hint: str
) -> None:
    (problem,) = problems(f"name: x\n{text}\n")

    assert problem.message.endswith((", not text", ", not nothing", ", not a list"))
    assert problem.hint == hint
