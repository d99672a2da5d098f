from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from crawler.errors import OutputError
from crawler.sinks.file_output import FileOutput
from crawler.sinks.made_files import MadeFile, MadeFiles, Wanted, superseded


class Runs:
    """A job with one output that writes a file in each run."""

    def __init__(self, base: Path, keep: int = 2) -> None:
        self.base = base
        self.keep = keep
        self.told: list[str] = []
        self.files = MadeFiles(base / "note.json", base, self.told.append)

    def wanted(self, name: str) -> list[Wanted]:
        file = FileOutput(name="{date}.jsonl", path=self.base / name, mode="new", job="shop")
        return [Wanted(file, re.compile(re.escape(str(self.base)) + r"/\d+\.jsonl"), self.keep)]

    def begin(self, name: str) -> None:
        self.files.begin(self.wanted(name))

    def end(self, name: str, *, good: bool = True) -> None:
        (self.base / name).write_text(f"of {name}\n")
        self.files.end(self.wanted(name), good=good)

    def run(self, name: str, *, good: bool = True) -> None:
        self.begin(name)
        self.end(name, good=good)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.base.glob("*.jsonl"))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


@pytest.mark.parametrize(
    ("made", "keep", "gone"),
    [("", 1, ""), ("g", 1, ""), ("gg", 1, "g"), ("gggg", 2, "gg"), ("gbgbb", 1, "gb"),
     ("bbg", 1, "bb"), ("gbb", 2, ""), ("bgbgb", 2, "b")],
)  # fmt: skip
def test_files_of_bad_runs_push_none_of_a_good_one_out(made: str, keep: int, gone: str) -> None:
    files = [
        MadeFile(output="o", path=str(place), good=kind == "g") for place, kind in enumerate(made)
    ]

    assert superseded(files, keep) == files[: len(gone)]


def test_the_last_ones_stay(runs: Runs) -> None:
    for day in "12345":
        runs.run(f"{day}.jsonl")

    assert runs.left() == ["4.jsonl", "5.jsonl"]
    assert not runs.told


def test_a_bad_end_deletes_nothing(runs: Runs) -> None:
    for day in "123":
        runs.run(f"{day}.jsonl", good=day != "3")
    runs.run("4.jsonl", good=False)

    assert len(runs.left()) == 4


def test_a_file_that_was_there_before_is_not_the_jobs(runs: Runs) -> None:
    (runs.base / "0.jsonl").write_text("mine\n")
    (runs.base / "1.jsonl").write_text("mine, and added to\n")
    for day in "12345":
        runs.run(f"{day}.jsonl")

    assert runs.left() == ["0.jsonl", "1.jsonl", "4.jsonl", "5.jsonl"]


def test_a_file_that_was_changed_stays_and_is_told_of_once(runs: Runs) -> None:
    runs.run("1.jsonl")
    (runs.base / "1.jsonl").write_text("of 1.jsonl, edited\n")
    for day in "2345":
        runs.run(f"{day}.jsonl")

    assert runs.left() == ["1.jsonl", "4.jsonl", "5.jsonl"]
    (told,) = runs.told
    assert "1.jsonl was changed since it was written, so it stays" in told


def test_a_link_in_the_place_of_a_file_is_not_followed(runs: Runs, tmp_path: Path) -> None:
    runs.run("1.jsonl")
    other = tmp_path / "other"
    (runs.base / "1.jsonl").rename(other)
    (runs.base / "1.jsonl").symlink_to(other)
    for day in "2345":
        runs.run(f"{day}.jsonl")

    assert other.exists()
    assert (runs.base / "1.jsonl").is_symlink()


def test_the_file_that_is_written_to_again_is_the_newest(runs: Runs) -> None:
    for day in "1231":
        runs.run(f"{day}.jsonl")

    assert runs.left() == ["1.jsonl", "3.jsonl"]


def test_the_file_of_a_run_that_was_given_up_is_the_jobs_too(runs: Runs) -> None:
    runs.begin("1.jsonl")
    (runs.base / "1.jsonl").write_text("half\n")
    for day in "2345":
        runs.run(f"{day}.jsonl")

    assert runs.left() == ["4.jsonl", "5.jsonl"]


def test_a_name_that_the_config_does_not_give_is_never_deleted(runs: Runs) -> None:
    note = runs.base / "note.json"
    runs.run("1.jsonl")
    made = json.loads(note.read_text())
    (runs.base / "precious").write_text("of 1.jsonl\n")
    note.write_text(json.dumps([{**made[0], "path": "precious"}, *made]))
    for day in "2345":
        runs.run(f"{day}.jsonl")

    assert (runs.base / "precious").exists()


def test_what_lies_beside_an_old_file_goes_with_it_unless_another_job_writes_there(
    runs: Runs,
) -> None:
    for day in "123456":
        runs.run(f"{day}.jsonl")
        note = {"job": "other" if day == "2" else "shop", "clean": day != "3"}
        (runs.base / f".{day}.jsonl.crawler").write_text(json.dumps(note))

    left = sorted(path.name[1] for path in runs.base.glob(".*.crawler"))
    assert left == ["2", "3", "5", "6"]


def test_a_base_that_was_moved_is_still_the_jobs(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    for day in "12":
        Runs(old).run(f"{day}.jsonl")
    old.rename(tmp_path / "new")
    runs = Runs(tmp_path / "new")
    runs.run("3.jsonl")

    assert runs.left() == ["2.jsonl", "3.jsonl"]


def test_a_note_that_cannot_be_read_deletes_nothing_and_says_what_to_do(runs: Runs) -> None:
    runs.run("1.jsonl")
    (runs.base / "note.json").write_text("{")

    with pytest.raises(OutputError, match=r"note\.json, which says what files `keep` counts"):
        runs.begin("2.jsonl")
