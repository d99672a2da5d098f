from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.app.run.past_runs import past_runs

NOW = "20261122-000000-ffff"


def put(reports: Path, number: int, **changes: Any) -> None:
    folder = reports / f"20261121-{number:06}-0000"
    folder.mkdir(parents=True)
    run = {"exit": 0, "reason": "finished", "duration_s": 1.0, "run": folder.name}
    run["items"] = {"Book": {"in": number, "out": number, "fill": {"price": 0.5}}}
    (folder / "summary.json").write_text(json.dumps(run | changes))


def counts(reports: Path) -> list[int]:
    return [run.items_out for run in past_runs(reports, NOW)]


def test_the_newest_five_are_given_the_last_one_first(tmp_path: Path) -> None:
    for number in range(1, 9):
        put(tmp_path, number)

    assert counts(tmp_path) == [8, 7, 6, 5, 4]
    assert past_runs(tmp_path, NOW)[0].items["Book"].fill == {"price": 0.5}


@pytest.mark.parametrize("changes", [{"exit": 3}, {"exit": 130}, {"reason": "limit"}])
def test_runs_that_were_not_good_or_only_a_look_do_not_count(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    put(tmp_path, 1)
    put(tmp_path, 2, **changes)

    assert counts(tmp_path) == [1]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"exit": "0"}', b"null", b"[" * 5000]
)
def test_a_damaged_summary_is_no_run(tmp_path: Path, damage: bytes) -> None:
    put(tmp_path, 1)
    put(tmp_path, 2)
    (tmp_path / "20261121-000002-0000" / "summary.json").write_bytes(damage)

    assert counts(tmp_path) == [1]


def test_what_lies_beside_the_runs_does_no_harm(tmp_path: Path) -> None:
    put(tmp_path, 1)
    (tmp_path / "20261121-000009-0000").mkdir()
    (tmp_path / "20261121-notes.txt").write_text("mine")
    put(tmp_path / "deeper", 3)

    assert counts(tmp_path) == [1]


def test_this_run_and_later_ones_are_no_past(tmp_path: Path) -> None:
    put(tmp_path, 1)
    put(tmp_path, 2)

    assert [run.items_out for run in past_runs(tmp_path, "20261121-000002-0000")] == [1]


def test_a_job_without_reports_has_no_past(tmp_path: Path) -> None:
    assert past_runs(tmp_path / "none", NOW) == []


def test_many_bad_runs_are_not_all_read(tmp_path: Path) -> None:
    put(tmp_path, 1)
    for number in range(2, 50):
        put(tmp_path, number, exit=3)

    assert counts(tmp_path) == []
