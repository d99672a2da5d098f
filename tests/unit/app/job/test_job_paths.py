from __future__ import annotations

from pathlib import Path

from crawler.app.job.job_paths import JobPaths, new_run_id, rfc3339

BASE = Path("/base")


def test_placeholders_of_an_output_are_filled_in() -> None:
    path = JobPaths(BASE, "books").output("{name}/{date}-{run_id}.jsonl", "run-1", 86_400.0)

    assert path == BASE / "books/1970-01-02-run-1.jsonl"


def test_an_absolute_output_stays_where_it_is() -> None:
    assert JobPaths(BASE, "books").output("/else/a.jsonl", "run-1", 0.0) == Path("/else/a.jsonl")


def test_run_ids_sort_by_time_and_differ_within_a_second() -> None:
    ids = [new_run_id(second) for second in (0.0, 0.001, 0.9999, 1.0, 1e9, 1e9 + 0.5)]

    assert ids == sorted(ids)
    assert len({new_run_id(5.0) for _ in range(4)}) > 1


def test_times_are_written_in_utc() -> None:
    assert rfc3339(0.0) == "1970-01-01T00:00:00Z"
