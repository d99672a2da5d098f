"""The kill soak's judgement: each kind of damage that a kill could do is seen and named."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.soak.comparison import differences, problems, refetches
from scripts.soak.left_files import LeftFiles
from scripts.soak.seeded_job import FORMS, JOB, MODES, Wish, output_name, write_job

Record = dict[str, Any]

ITEMS: list[Record] = [
    {"name": f"0-{n}-0", "price": float(n), "_url": f"http://a/p/{n}", "_id": f"k-{n}-0"}
    for n in range(3)
]


def finished_run(folder: Path) -> LeftFiles:
    """Write what a good run of the job leaves."""
    write_job(folder, ["http://a/p/0"], Wish())
    for mode in MODES:
        for form in FORMS:
            add_items(folder / output_name(mode, form), mode)
    report = folder / "reports" / JOB / "r-1"
    report.mkdir(parents=True)
    rows = [{"url": one["_url"], "outcome": "done", "reason": None, "status": 200} for one in ITEMS]
    (report / "urls.jsonl.gz").write_bytes(gzip.compress(json_lines(rows)))
    write_summary(report / "summary.json")
    (folder / "state" / JOB).mkdir(parents=True)
    with sqlite3.connect(folder / "state" / JOB / "crawl.sqlite") as db:
        db.execute("CREATE TABLE setting (name TEXT, value)")
    db.close()
    return LeftFiles(folder)


def add_items(path: Path, mode: str) -> None:
    """Put the items into an output: behind its earlier content, or in its place."""
    old = path.read_bytes() if mode == "append" else b""
    old = gzip.decompress(old) if old and path.suffix == ".gz" else old
    if ".csv" in path.name:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(ITEMS[0]))
        if not old:
            writer.writeheader()
        writer.writerows(ITEMS)
        new = text.getvalue().encode()
    else:
        new = json_lines(ITEMS)
    path.write_bytes(gzip.compress(old + new) if path.suffix == ".gz" else old + new)


def write_summary(path: Path, **change: object) -> None:
    books = {"known": 3, "done": 3, "failed": 0, "dead": 0, "skipped": {}, "pending": 0}
    item = {"in": 3, "fanned": 0, "out": 3, "dropped": 0, "quarantined": 0, "waiting": 0}
    summary = {
        "exit": 0, "reason": "finished", "books": {**books, "balanced": True},
        "items": {"Thing": item}, **change,
    }  # fmt: skip
    path.write_text(json.dumps(summary))


def json_lines(records: list[Record]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def lose_an_item(folder: Path) -> None:
    path = folder / "data/new.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def repeat_an_item(folder: Path) -> None:
    path = folder / "data/append.csv.gz"
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(data + data.splitlines(keepends=True)[-1]))


def lose_what_was_there(folder: Path) -> None:
    path = folder / "data/append.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def leave_a_journal(folder: Path) -> None:
    (folder / "data/.new.csv.part").write_bytes(b"")


def upset_the_books(folder: Path) -> None:
    path = folder / "reports" / JOB / "r-1" / "summary.json"
    books = {"known": 4, "done": 3, "failed": 0, "dead": 0, "skipped": {}, "pending": 1}
    write_summary(path, books={**books, "balanced": True})


def test_two_runs_with_the_same_end_do_not_differ(tmp_path: Path) -> None:
    calm, killed = finished_run(tmp_path / "calm"), finished_run(tmp_path / "killed")

    assert problems(killed) + differences(calm, killed) == []


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lose_an_item, "items of data/new.jsonl: 1 lost"),
        (repeat_an_item, "ids of data/append.csv.gz beside data/new.jsonl: 1 too many"),
        (lose_what_was_there, "data/append.jsonl has 0 records from before the run"),
        (leave_a_journal, "left behind beside the outputs: .new.csv.part"),
        (upset_the_books, "not those of a finished run"),
    ],
)
def test_each_kind_of_damage_is_named(
    tmp_path: Path, damage: Callable[[Path], None], word: str
) -> None:
    calm, killed = finished_run(tmp_path / "calm"), finished_run(tmp_path / "killed")
    damage(killed.folder)

    found = problems(killed) + differences(calm, killed)

    assert any(word in one for one in found), found


@pytest.mark.parametrize(
    ("output", "tail", "word"),
    [
        ("data/new.jsonl", b'{"name": "hal', "partial"),
        ("data/new.csv", b"half,1", "partial"),
        ("data/new.csv", b"half,1\n", "cells"),
    ],
)
def test_an_output_that_is_not_whole_is_an_error(
    tmp_path: Path, output: str, tail: bytes, word: str
) -> None:
    files = finished_run(tmp_path / "run")
    with (files.folder / output).open("ab") as file:
        file.write(tail)

    with pytest.raises(ValueError, match=word):
        problems(files)


def test_what_was_asked_for_again_is_put_down_to_the_kill_that_lost_it() -> None:
    calm = Counter({"/": 1, "/busy": 2, "/slow": 1})
    asked = [(1, "/"), (1, "/busy"), (2, "/"), (2, "/busy"), (2, "/slow"), (3, "/slow")]

    assert refetches(calm, asked) == Counter({1: 1, 2: 1})
