from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.config.load import load_job

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load


@pytest.fixture(autouse=True)
def lists(tmp_path: Path) -> None:
    """Lists of URLs beside the job file."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "urls.csv").write_text('\ufeffsku,"image, url",url\n1,2,3\n', encoding="utf-8")
    (folder / "semi.csv").write_text("sku;bild;farbe\n", encoding="utf-8")
    (folder / "single.csv").write_text("address\nhttps://a.example/\n", encoding="utf-8")
    (folder / "urls.jsonl").write_text('{"url": 1}\n\n{"sku": 2}\nnot json\n', encoding="utf-8")
    (folder / "lists.jsonl").write_text("[1]\n", encoding="utf-8")
    (folder / "urls.txt").write_text("https://a.example/\n", encoding="utf-8")
    (folder / "empty.csv").write_text("\n", encoding="utf-8")
    (folder / "bare.csv").write_text("https://a.example/\nhttps://b.example/\n")
    (folder / "lone.jsonl").write_text('{"uri": "https://a.example/"}\n')
    (folder / "latin.CSV").write_bytes("url;größe, in m\n".encode("latin-1"))
    (folder / "wide.csv").write_text("sku\turl\n", encoding="utf-16")


def test_every_way_to_begin_is_understood_side_by_side(load: Load) -> None:
    loaded = load(
        """\
name: x
demo: true
start:
  urls: ["{demo}/"]
  from_file: inputs/urls.csv
  url_column: image, url
  keep_columns: [sku]
  sitemap: "{demo}/robots.txt"
  newer_than: 48h
  max_sitemap_files: 7
"""
    )

    start = loaded.job.start
    assert (start.urls, start.sitemap) == (("{demo}/",), ("{demo}/robots.txt",))
    assert (start.url_column, start.keep_columns) == ("image, url", ("sku",))
    assert (start.newer_than, start.max_sitemap_files) == (172_800.0, 7)
    assert loaded.start_file == Path("inputs/urls.csv")
    assert loaded.places["start.sitemap.0"] == "job.yaml:8"


@pytest.mark.parametrize(
    "start",
    [
        "{sitemap: [https://a.example/s.xml, https://b.example/feed]}",
        "{from_file: inputs/urls.txt}",
        "{from_file: inputs/single.csv}",
        "{from_file: inputs/semi.csv, url_column: bild, keep_columns: [farbe]}",
        "{from_file: inputs/urls.jsonl, keep_columns: [sku]}",
        "{from_file: inputs/latin.CSV}",
        "{from_file: inputs/wide.csv, keep_columns: [sku]}",
        "{from_file: '-', url_column: any, keep_columns: [other]}",
    ],
)
def test_a_good_start_is_no_problem(load: Load, start: str) -> None:
    assert load(f"name: x\nstart: {start}\n").job.name == "x"


def test_standard_input_is_no_file_beside_the_job(load: Load) -> None:
    assert load("name: x\nstart: {from_file: '-'}\n").start_file == Path("-")


def test_a_list_is_found_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "inputs/base.yaml").write_text("start: {from_file: urls.txt}\n")
    (tmp_path / "job.yaml").write_text("name: x\nextends: inputs/base.yaml\n")

    assert load_job(tmp_path / "job.yaml", environ={}).start_file == tmp_path / "inputs/urls.txt"


@pytest.mark.parametrize(
    ("start", "column", "message", "hint"),
    [
        ("{from_file: inputs/url.csv}", 20, "there is no file inputs/url.csv", "'urls.csv'"),
        ("{from_file: inputs/urls.xls}", 20, "is no known kind of list", ".jsonl or .txt"),
        ("{from_file: inputs/empty.csv}", 20, "inputs/empty.csv is empty", ""),
        ("{from_file: inputs/bare.csv}", 20, "bare.csv begins with a URL, but the first line", ""),
        ("{from_file: inputs/lone.jsonl}", 20, "which column of inputs/lone.jsonl holds", "uri"),
        ("{from_file: inputs/lists.jsonl}", 20, "has no JSON objects, one a line", ""),
        (
            "{from_file: inputs/semi.csv}", 20,
            "which column of inputs/semi.csv holds the URL?", "set url_column to one of sku, bild,",
        ),
        (
            "{from_file: inputs/semi.csv, url_column: blid}", 49,
            "start.url_column: inputs/semi.csv has no column 'blid'", "did you mean 'bild'?",
        ),
        (
            "{from_file: inputs/urls.csv, keep_columns: [sku, zzz]}", 57,
            "start.keep_columns.1: inputs/urls.csv has no column 'zzz'",
            "its columns are sku, image, url, url",
        ),
        (
            "{from_file: inputs/urls.jsonl, url_column: uri}", 51, "has no column 'uri'", "'url'",
        ),
        (
            "{from_file: inputs/urls.txt, url_column: url}", 37,
            "start.url_column: a .txt has no columns", "use a .csv or .jsonl",
        ),
        ("{from_file: inputs/urls.txt, keep_columns: [a]}", 37, "a .txt has no columns", ""),
        (
            "{urls: [https://a.example/], keep_columns: [a]}", 37,
            "start.keep_columns: it is about start.from_file, which is not there", "",
        ),
        ("{urls: [https://a.example/], newer_than: 2d}", 37, "it is about start.sitemap", ""),
        ("{sitemap: [https://a.example/], newer_than: 2}", 52, "a duration needs a unit", "2s"),
        ("{sitemap: [https://a.example/], max_sitemap_files: 0}", 59, "is not at least 1", ""),
        ("{sitemap: /s.xml}", 18, "start.sitemap.0: '/s.xml' is no http(s) URL", ""),
        ("{sitemap: ['{demo}/s.xml']}", 19, "names the practice site", "set demo: true"),
        ("{sitemap: []}", 8, "there is no URL to begin with", ""),
        ("{url_colum: a, urls: [https://a.example/]}", 9, "key 'url_colum'", "'url_column'"),
        ("{from_file: '-', keep_columns: [_id]}", 40, "is written by the crawler itself", ""),
    ],
)  # fmt: skip
def test_a_wrong_start_is_reported_at_its_place(
    problems: Fail, start: str, column: int, message: str, hint: str
) -> None:
    found = problems(f"name: x\nstart: {start}\n")

    assert [(p.line, p.column) for p in found] == [(2, column)]
    assert message in found[0].message
    assert hint in found[0].hint


START = "name: x\nstart: {from_file: inputs/urls.csv, keep_columns: [sku]}\n"


def test_a_kept_column_may_stand_in_a_value(load: Load, problems: Fail) -> None:
    rule = "extract: [{item: A, fields: {a: {value: 'no. {sku}'}, sku: {value: '{sku}'}}}]\n"

    assert load(START + rule).job.extract
    (problem,) = problems(START + rule.replace("no. {sku}", "{skk}"))
    assert problem.hint == "did you mean 'sku'?"


def test_a_kept_column_that_a_field_would_hide_is_a_problem(problems: Fail) -> None:
    (problem,) = problems(START + "extract: [{item: A, fields: {sku: {css: b}}}]\n")

    assert (problem.line, problem.column) == (2, 52)
    assert problem.message == "start.keep_columns.0: 'sku' is a field of extract.0 too"
    assert problem.hint == 'rename the field, or write sku: {value: "{sku}"}'


def test_only_the_head_of_a_long_list_is_read(load: Load, tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_bytes(b"url,n\n" + b"https://a.example/,\xc3\xa4\n" * 10_000)
    (tmp_path / "long.jsonl").write_text('{"url": "x"}\n' * 10_000)

    assert load("name: x\nstart: {from_file: long.csv}\n").start_file
    assert load("name: x\nstart: {from_file: long.jsonl, keep_columns: [later]}\n").start_file
