from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import StateError
from crawler.media.manifest import Line, Made, Manifest
from crawler.media.settings import settings_of
from crawler.media.trouble import Failure

SETTINGS = settings_of("h264", 480)


def line(name: str, **more: Any) -> Line:
    return Line(input=name, status=more.pop("status", "done"), settings=SETTINGS, **more)


def names(folder: Path) -> list[str]:
    return [
        json.loads(one)["input"] for one in (folder / "transcode.jsonl").read_text().splitlines()
    ]


def test_a_torn_last_line_is_cut_off_and_the_last_line_of_an_input_counts(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.add(line("/a", status="failed", error=Failure("not_video", "x")))
        manifest.add(line("/a", path="a.mp4", bytes=7, tail="t"))
    with (tmp_path / "transcode.jsonl").open("ab") as file:
        file.write(b'{"input":"/b","sta')

    with Manifest(tmp_path) as manifest:
        known = manifest.get("/a")
        manifest.add(line("/c"))

    assert known is not None
    assert known.made == Made("a.mp4", 7, "t")
    assert names(tmp_path) == ["/a", "/a", "/c"]


def test_settled_it_has_a_line_for_each_input_in_order_behind_those_of_others(
    tmp_path: Path,
) -> None:
    with Manifest(tmp_path) as manifest:
        for name in ("/b", "/other", "/a", "/b"):
            manifest.add(line(name))

        manifest.settle(["/a", "/b", "/a"])

    assert names(tmp_path) == ["/other", "/a", "/b"]
    assert {path.name for path in tmp_path.iterdir()} == {"transcode.jsonl"}


def test_a_line_says_the_class_of_its_error(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.add(line("/a", status="failed", error=Failure("not_video", "no")))

    told = json.loads((tmp_path / "transcode.jsonl").read_text())
    assert told["error"] == {"class": "not_video", "message": "no"}
    assert (told["path"], told["status"]) == (None, "failed")


@pytest.mark.parametrize("text", ['{"url": "x"}\n', "[1]\n", "no\n", "\n"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "transcode.jsonl").write_text(text)

    with pytest.raises(StateError, match=r"transcode\.jsonl:1: "), Manifest(tmp_path):
        pass

    assert (tmp_path / "transcode.jsonl").read_text() == text


def test_nothing_is_made_before_there_is_something_to_say(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        assert manifest.get("/a") is None

    assert not list(tmp_path.iterdir())
