from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from crawler.errors import ConfigError
from crawler.media.inputs import Finding


def finding(folder: Path) -> Finding:
    return Finding(folder / "out")


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def shown(found: Finding, folder: Path) -> list[tuple[str, str]]:
    return [(str(Path(one.path).relative_to(folder)), one.below) for one in found.found]


def test_a_folder_gives_its_videos_and_not_what_was_made_of_them(tmp_path: Path) -> None:
    make(tmp_path, "b.MP4", "a.mkv", "notes.txt", "x/y/c.webm", ".hidden.mp4", "out/b.mp4")
    found = finding(tmp_path)

    found.add(str(tmp_path))

    assert shown(found, tmp_path) == [("a.mkv", ""), ("b.MP4", ""), ("x/y/c.webm", "x/y")]
    assert found.others == 1


def test_a_pattern_is_expanded_and_a_file_that_is_called_like_one_is_that_file(
    tmp_path: Path,
) -> None:
    make(tmp_path, "a1.mp4", "a2.mp4", "b[1].mp4")
    found = finding(tmp_path)

    found.add(f"{tmp_path}/a*.mp4")
    found.add(f"{tmp_path}/b[1].mp4")
    found.add(f"{tmp_path}/../{tmp_path.name}/a1.mp4")

    assert [name for name, _ in shown(found, tmp_path)] == ["a1.mp4", "a2.mp4", "b[1].mp4"]


def test_a_crawls_manifest_gives_its_files_with_their_addresses(tmp_path: Path) -> None:
    make(tmp_path, "v/1.mp4", "v/2.webm", "v/3.mov")
    rows = [
        {"url": "http://h/1", "path": "v/1.mp4", "sha256": "00", "status": 200, "error": None},
        {"url": "http://h/x", "path": None, "status": 404, "error": "http"},
        {"url": "http://h/p", "path": "v/p.jpg", "error": None},
        {"title": "t", "files": [{"url": "http://h/2", "path": "v/2.webm"}, {"path": None}]},
        {"path": str(tmp_path / "v/3.mov"), "error": {"class": "truncated"}},
        {"path": "v/gone.mp4"},
    ]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "m.jsonl").write_bytes(data)
    (tmp_path / "m.jsonl.gz").write_bytes(gzip.compress(data))
    found, packed = finding(tmp_path), finding(tmp_path)

    found.add(str(tmp_path / "m.jsonl"))
    packed.add(str(tmp_path / "m.jsonl.gz"))

    assert [name for name, _ in shown(found, tmp_path)] == ["v/1.mp4", "v/2.webm", "v/gone.mp4"]
    assert [one.url for one in found.found] == ["http://h/1", "http://h/2", None]
    assert (found.others, found.without) == (1, 2)
    assert packed.found == found.found


@pytest.mark.parametrize(
    ("word", "text", "says"),
    [
        ("absent.mp4", "", "there is no file"),
        ("*.mp4", "", "no file is like"),
        ("m.jsonl", "{}\nno\n", "m.jsonl:2: no JSON"),
        ("m.jsonl", "7\n", "m.jsonl:1: a manifest has an object"),
        ("m.jsonl", '{"path": "a\\u0000b"}\n', "m.jsonl:1: no file has such a path"),
        ("m.jsonl.gz", "no\n", "cannot read"),
        ("/dev/null", "", "is no file"),
    ],
)
def test_a_word_that_leads_to_nothing_is_named(
    tmp_path: Path, word: str, text: str, says: str
) -> None:
    if text:
        (tmp_path / word).write_text(text)

    with pytest.raises(ConfigError) as caught:
        finding(tmp_path).add(str(tmp_path / word))

    assert says in str(caught.value)
