"""What is known of a job's files, out of its list of them and into that of another machine.

Parts of files stay where they are: only their machine has them.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from crawler.errors import StateError
from crawler.media.file_ledger import FILE_COLUMNS, FileLedger, FileRow

_PUT = f"INSERT INTO file ({', '.join(FILE_COLUMNS)}) VALUES ({','.join('?' * len(FILE_COLUMNS))})"


def file_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what a list knows of files, a row each; nothing where there is no list.

    Raises:
        StateError: It cannot be read.
    """
    if not path.is_file():
        return
    ledger = FileLedger(path)
    try:
        yield from ledger.rows()
    finally:
        ledger.close()


def forget_files(path: Path, urls: Iterable[str]) -> set[str]:
    """Forget files, which stay where they are; return the URLs of which something was known.

    Raises:
        StateError: The list cannot be written.
    """
    if not path.is_file():
        return set()
    ledger = FileLedger(path, sync=True)
    try:
        return {url for url in urls if ledger.forget(url)}
    finally:
        ledger.close()


class TakenFiles:
    """A list of files that is made aside, of rows of another one; use it in a `with`.

    Args:
        path: Where it is to be in the end.
    """

    #: Name of the table, where rows of several stand in one file.
    table = "file"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path.with_name(f"{path.name}.import")
        self._db: sqlite3.Connection | None = None

    def __enter__(self) -> TakenFiles:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._db is not None:
            self._db.close()
        _clear(self._aside)

    def put(self, row: Mapping[str, Any]) -> None:
        """Take a row in.

        Raises:
            ValueError: It is none.
            StateError: It cannot be written.
        """
        strange = row.keys() - set(FILE_COLUMNS)
        if strange:
            raise ValueError(f"file has no column {min(strange)!r}")
        one = msgspec.convert(row, FileRow)
        place = PurePosixPath(one.path)
        if place.is_absolute() or ".." in place.parts:
            raise ValueError(f"the path {one.path!r} leads out of the base")
        if self._db is None:
            self._db = self._begin()
        self._db.execute(_PUT, msgspec.structs.astuple(one))

    def _begin(self) -> sqlite3.Connection:
        _clear(self._aside)
        FileLedger(self._aside).close()
        db = sqlite3.connect(self._aside, isolation_level=None)
        db.execute("PRAGMA synchronous=FULL")
        db.execute("BEGIN")
        return db

    def place(self) -> None:
        """Put the list in its place, if there is one.

        Raises:
            StateError: It cannot be.
        """
        if self._db is None:
            return
        try:
            self._db.execute("COMMIT")
            self._db.close()  # the last one out takes the log along
            self._db = None
            _clear(self._path)
            self._aside.replace(self._path)
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"cannot write {self._path}: {error}") from error


def _clear(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{ending}").unlink()
