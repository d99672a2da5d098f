from __future__ import annotations

from pathlib import Path

import pytest

from crawler.errors import BusyError, StateError
from crawler.storage.job_lock import JobLock


def test_a_held_lock_is_refused_with_the_name_of_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "state" / "lock"
    held = JobLock(path).acquire({"pid": 42, "since": "noon"})

    with pytest.raises(BusyError, match="pid 42, since noon"):
        JobLock(path).acquire({"pid": 43})

    held.release()


def test_a_released_lock_can_be_taken_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    JobLock(path).acquire({"pid": 1, "note": "a longer one than the next"}).release()

    again = JobLock(path).acquire({"pid": 2})

    assert path.read_text() == '{"pid": 2}'
    again.release()
    again.release()


def test_a_lock_whose_holder_has_not_said_who_it_is_still_holds(tmp_path: Path) -> None:
    held = JobLock(tmp_path / "lock").acquire({})
    (tmp_path / "lock").write_text("")

    with pytest.raises(BusyError, match="only just begun"):
        JobLock(tmp_path / "lock").acquire({})

    held.release()


def test_a_lock_that_cannot_be_made_is_an_error_of_the_state(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match="cannot open"):
        JobLock(tmp_path / "file" / "lock").acquire({})
