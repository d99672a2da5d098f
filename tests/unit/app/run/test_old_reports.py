from __future__ import annotations

from pathlib import Path

import pytest

from crawler.app.run.old_reports import delete_old_reports
from crawler.config.models.schedule import KeepSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five runs of 1,000 bytes each."""
    for day in range(1, 6):
        run = tmp_path / f"2026110{day}-031500-ab12cd"
        (run / "bodies").mkdir(parents=True)
        (run / "run.log").write_bytes(bytes(600))
        (run / "bodies" / "one").write_bytes(bytes(400))
    return tmp_path


def left(folder: Path) -> list[str]:
    return sorted(path.name[:8] for path in folder.iterdir())


def said(line: str) -> None:
    raise AssertionError(line)


def test_without_a_wish_everything_is_kept(folder: Path) -> None:
    delete_old_reports(folder, KeepSettings(), said)

    assert len(left(folder)) == 5


def test_the_newest_runs_are_kept(folder: Path) -> None:
    delete_old_reports(folder, KeepSettings(runs=2), said)

    assert left(folder) == ["20261104", "20261105"]


@pytest.mark.parametrize(("size", "kept"), [(1, 1), (2_500, 2), (1 << 30, 5)])
def test_the_oldest_go_until_the_rest_is_small_enough_but_never_the_last(
    folder: Path, size: int, kept: int
) -> None:
    keep = KeepSettings(runs=None).model_copy(update={"size": size})
    delete_old_reports(folder, keep, said)

    # A file system may count folders too.
    assert kept - 1 <= len(left(folder)) <= kept or kept == 1
    assert "20261105" in left(folder)


def test_the_last_run_is_kept_though_a_clock_that_was_set_back_makes_it_look_old(
    folder: Path,
) -> None:
    delete_old_reports(folder, KeepSettings(runs=2), said, "20261102-031500-ab12cd")

    assert left(folder) == ["20261102", "20261105"]


def test_what_is_no_run_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "20261031-031500-ab12cd").write_text("a file")
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "kept").touch()
    (folder / "20261030-031500-ab12cd").symlink_to(elsewhere)

    delete_old_reports(folder, KeepSettings(runs=1), said)

    assert left(folder) == ["20261030", "20261031", "20261105", "notes"]
    assert (elsewhere / "kept").exists()


def test_a_job_without_reports_is_no_problem(tmp_path: Path) -> None:
    delete_old_reports(tmp_path / "none", KeepSettings(runs=1), said)
