from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from crawler.damage import UNREADABLE
from crawler.media.file_ledger import FileLedger
from crawler.media.file_moves import TakenFiles, file_rows, forget_files
from crawler.outcome import StoredFile

FILE = StoredFile(path="p/a.png", sha256="ab" * 32, size=7, width=3, fields={"dhash": 5})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A list of two files, and a part."""
    ledger = FileLedger(tmp_path / "files.sqlite")
    ledger.put("http://a/1", FILE)
    ledger.put("http://a/2", msgspec.structs.replace(FILE, duplicate_of="http://a/1"))
    ledger.begin_part("http://a/3", "etag")
    ledger.close()
    return tmp_path / "files.sqlite"


def test_what_is_known_of_files_is_the_same_elsewhere(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"

    with TakenFiles(other) as taken:
        for row in file_rows(path):
            taken.put(row)
        taken.place()

    assert list(file_rows(other)) == list(file_rows(path))
    ledger = FileLedger(other)
    assert (ledger.find("http://a/1"), ledger.validator("http://a/3")) == (FILE, None)
    ledger.close()


def test_of_a_list_that_is_not_placed_nothing_is_left(path: Path, tmp_path: Path) -> None:
    with TakenFiles(tmp_path / "other.sqlite") as taken:
        taken.put(next(file_rows(path)))

    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "change",
    [{"path": "/etc/passwd"}, {"path": "p/../../x"}, {"size": "large"}, {"more": 1}, {"url": None}],
)
def test_what_is_no_file_is_refused(path: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    with TakenFiles(tmp_path / "other.sqlite") as taken, pytest.raises((ValueError, *UNREADABLE)):
        taken.put(next(file_rows(path)) | change)


def test_files_and_parts_are_forgotten_by_url(path: Path) -> None:
    known = forget_files(path, ["http://a/1", "http://a/3", "http://a/4"])

    assert known == {"http://a/1", "http://a/3"}
    assert [row["url"] for row in file_rows(path)] == ["http://a/2"]


def test_a_job_without_files_has_nothing_to_move_or_forget(tmp_path: Path) -> None:
    nowhere = tmp_path / "files.sqlite"

    assert (list(file_rows(nowhere)), forget_files(nowhere, ["http://a/1"])) == ([], set())
    assert not nowhere.exists()
