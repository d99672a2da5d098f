from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from crawler.errors import ConfigError
from crawler.media.crawl_lines import crawl_lines, place_of

LINES = [
    {"url": "http://a.example/1", "path": "i/1.png", "bytes": 7, "error": None},
    {"url": "http://a.example/2", "path": None, "bytes": None, "error": "dns"},
]
CSV = "url,path,bytes,error\nhttp://a.example/1,i/1.png,7,\nhttp://a.example/2,,,dns\n"
JSONL = (
    '{"url":"http://a.example/1","path":"i/1.png","bytes":7,"error":null}\n\n'
    '{"url":"http://a.example/2","path":null,"bytes":null,"error":"dns"}\n'
)


def write(folder: Path, name: str) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        arrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist(LINES), path)
        return path
    data = (CSV if name.removesuffix(".gz").endswith(".csv") else JSONL).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize(
    "name", ["m.jsonl", "m.jsonl.gz", "m.csv", "m.csv.gz", "a.csv.jsonl", "m.parquet"]
)
def test_every_form_of_a_manifest_gives_the_same_lines(tmp_path: Path, name: str) -> None:
    assert [line for _, line in crawl_lines(write(tmp_path, name))] == LINES


@pytest.mark.parametrize("name", ["m.jsonl", "m.jsonl.gz", "m.csv.gz", "m.parquet"])
def test_what_is_no_manifest_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\0\1nothing")

    with pytest.raises(ConfigError, match=name):
        list(crawl_lines(tmp_path / name))


def test_lists_in_cells_are_lists_again(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('name,files\na,"[{""path"": ""x.mp4""}]"\nb,[no\n')

    assert [line["files"] for _, line in crawl_lines(path)] == [[{"path": "x.mp4"}], "[no"]


def test_a_cell_may_be_long_and_the_limit_of_others_stays(tmp_path: Path) -> None:
    path, usual = tmp_path / "m.csv", csv.field_size_limit()
    path.write_text(f"path,alt\na.png,{'x' * 200_000}\n")

    assert [len(line["alt"]) for _, line in crawl_lines(path)] == [200_000]
    assert csv.field_size_limit() == usual


def test_a_name_that_is_too_long_for_any_file_is_one_that_is_not_there(tmp_path: Path) -> None:
    assert place_of(tmp_path / "m.jsonl", "x" * 300) == tmp_path / ("x" * 300)


def test_files_are_found_from_the_base_directory_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "data" / "job" / "m.jsonl"
    manifest.parent.mkdir(parents=True)
    (tmp_path / "i").mkdir()
    (tmp_path / "i" / "1.png").touch()
    monkeypatch.chdir(tmp_path / "data")

    assert place_of(manifest, "i/1.png") == tmp_path / "i" / "1.png"
    assert place_of(manifest, "i/2.png") == manifest.parent / "i" / "2.png"
