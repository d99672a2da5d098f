from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crawler.errors import StateError
from crawler.storage import schema
from crawler.storage.run_look import RunLook
from crawler.storage.sqlite_look import SqliteLook
from crawler.urls import CanonicalRules


def made(folder: Path, *, application: int = schema.APPLICATION_ID, version: int) -> Path:
    path = folder / "crawl.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA application_id={application}")
        database.execute(f"PRAGMA user_version={version}")
    return path


def words_of(path: Path) -> list[str]:
    """Return what each look says as it refuses a file."""
    said = []
    with pytest.raises(StateError) as refused:
        RunLook(path)
    said.append(str(refused.value))
    with pytest.raises(StateError) as refused:
        SqliteLook(path, CanonicalRules())
    said.append(str(refused.value))
    return said


def test_no_look_reads_a_state_that_is_newer_than_the_program(tmp_path: Path) -> None:
    path = made(tmp_path, version=schema.VERSION + 1)

    assert words_of(path) == [f"{path} was written by a newer version; upgrade"] * 2


def test_no_look_reads_what_is_no_state(tmp_path: Path) -> None:
    path = made(tmp_path, application=7, version=schema.VERSION)

    assert words_of(path) == [f"{path} is not a state file of this program"] * 2
