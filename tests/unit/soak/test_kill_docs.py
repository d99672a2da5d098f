"""The soak's own judgement: it must see each kind of damage that a kill could do."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.soak.kill_docs import violations
from scripts.soak.run_files import RunFiles

Record = dict[str, Any]

ITEMS: list[Record] = [
    {"url": f"http://a/{n}", "title": "t", "depth": n, "_id": f"k-1-{n}"} for n in range(3)
]
ROWS: list[Record] = [
    {"url": item["url"], "outcome": "done", "reason": None, "status": 200} for item in ITEMS
]
BOOKS: Record = {
    "known": 3, "done": 3, "failed": 0, "dead": 0, "skipped": {}, "pending": 0, "balanced": True,
}  # fmt: skip


def run_files(
    base: Path,
    *,
    items: list[Record] = ITEMS,
    rows: list[Record] = ROWS,
    books: Record = BOOKS,
    tail: bytes = b"",
) -> RunFiles:
    data, reports = base / "data" / "docs", base / "reports" / "docs" / "r-1"
    data.mkdir(parents=True)
    reports.mkdir(parents=True)
    (data / "r-1.jsonl").write_bytes(lines(items) + tail)
    (reports / "urls.jsonl.gz").write_bytes(gzip.compress(lines(rows)))
    (reports / "summary.json").write_text(json.dumps({"books": books}))
    return RunFiles(base, "docs")


def lines(records: list[Record]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_a_killed_crawl_like_the_calm_one_is_no_violation(tmp_path: Path) -> None:
    calm, killed = run_files(tmp_path / "calm"), run_files(tmp_path / "killed")

    found = violations(calm, killed, Counter({"/0": 10, "/1": 1}), kills=10, wanted_kills=10)

    assert found == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param({"items": ITEMS[1:]}, "items missing", id="an-item-lost"),
        pytest.param({"items": [*ITEMS, ITEMS[0]]}, "there 2 times", id="an-item-twice"),
        pytest.param(
            {"items": [{**ITEMS[0], "title": "x"}, *ITEMS[1:]]}, "different", id="changed"
        ),
        pytest.param({"rows": ROWS[1:]}, "URLs missing", id="a-row-lost"),
        pytest.param({"books": {**BOOKS, "done": 2}}, "do not balance", id="books-that-lie"),
        pytest.param({"books": {**BOOKS, "known": 4, "pending": 1}}, "pending", id="not-finished"),
    ],
)
def test_each_kind_of_damage_is_named(tmp_path: Path, change: Record, word: str) -> None:
    calm, killed = run_files(tmp_path / "calm"), run_files(tmp_path / "killed", **change)

    found = violations(calm, killed, Counter(), kills=1, wanted_kills=1)

    assert any(word in violation for violation in found)


def test_more_fetched_again_than_allowed_is_named(tmp_path: Path) -> None:
    calm, killed = run_files(tmp_path / "calm"), run_files(tmp_path / "killed")

    found = violations(calm, killed, Counter({"/0": 218}), kills=1, wanted_kills=1)

    assert found == ["217 pages fetched again, 216 allowed"]


def test_a_crawl_that_ended_before_it_was_killed_proves_nothing(tmp_path: Path) -> None:
    calm, killed = run_files(tmp_path / "calm"), run_files(tmp_path / "killed")

    found = violations(calm, killed, Counter(), kills=3, wanted_kills=10)

    assert found == ["the crawl ended before kill 4 of 10"]


@pytest.mark.parametrize("read", [RunFiles.items, RunFiles.problems], ids=["items", "problems"])
def test_a_partial_last_line_is_an_error(
    tmp_path: Path, read: Callable[[RunFiles], object]
) -> None:
    files = run_files(tmp_path, tail=b'{"url": "htt')

    with pytest.raises(ValueError, match="last line is partial"):
        read(files)
