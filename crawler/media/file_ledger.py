"""What is known of the files of a job: where they are, of which bytes, and what is half here.

A small database beside the job's state. A line is written once a file is in its place, before the
crawl hears of it: after a kill between the two the file is found here, and not fetched again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from crawler.errors import NoRoomError, OutputError, StateError
from crawler.media.known_urls import KnownUrls
from crawler.outcome import StoredFile

_TABLES = """
CREATE TABLE IF NOT EXISTS file (
    url TEXT PRIMARY KEY, sha256 BLOB NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
    media_type TEXT NOT NULL, width INTEGER, height INTEGER, duplicate_of TEXT,
    worked TEXT NOT NULL, fields BLOB, validator TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS file_bytes ON file (sha256) WHERE duplicate_of IS NULL;
CREATE TABLE IF NOT EXISTS part (
    url TEXT PRIMARY KEY, validator TEXT NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
_VERSION = 1


class FileRow(msgspec.Struct):
    """A row of the table of files; see `StoredFile`. `sha256` is its 32 bytes."""

    url: str
    sha256: bytes
    path: str
    size: int
    media_type: str
    width: int | None = None
    height: int | None = None
    duplicate_of: str | None = None
    worked: str = ""
    fields: bytes | None = None
    validator: str = ""


#: Columns of the table, in this order.
FILE_COLUMNS = FileRow.__struct_fields__
_FILE = ", ".join(FILE_COLUMNS)


class FileLedger:
    """The database; may be used by several threads.

    Args:
        path: The file; None for one in memory. Its folder must be there.
        sync: Each line is to survive the loss of power.

    Raises:
        StateError: It is damaged, or of a newer version.
    """

    def __init__(self, path: Path | None, *, sync: bool = False) -> None:
        self._name = "the list of files" if path is None else str(path)
        self._lock = threading.Lock()
        try:
            if path is not None:
                with contextlib.suppress(OSError):  # SQLite says better what is wrong
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            self._db = sqlite3.connect(
                path or ":memory:", timeout=30.0, isolation_level=None, check_same_thread=False
            )
            self._prepare(sync)
        except sqlite3.Error as error:
            raise self._complaint(error) from error

    def _prepare(self, sync: bool) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            self._db.close()
            raise StateError(f"{self._name} is of a newer version of this program")
        # The job's lock keeps others out; asking the system each time costs more than a line.
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={'FULL' if sync else 'NORMAL'}")
        if version < _VERSION:
            self._db.executescript(_TABLES)
        some = "SELECT EXISTS (SELECT 1 FROM file), EXISTS (SELECT 1 FROM part)"
        self._known = KnownUrls(all_may_be=any(self._db.execute(some).fetchone()))

    def may_know(self, url: str) -> bool:
        """Tell whether a URL may have a file or a part; asks nobody, and False is certain."""
        return self._known.may_have(url)

    def find(self, url: str) -> StoredFile | None:
        """Return the file of a URL; None if it was never fetched."""
        row = self._row(f"SELECT {_FILE} FROM file WHERE url = ?", (url,))
        return None if row is None else _file(row)

    def first_with(self, sha256: str) -> tuple[str, StoredFile] | None:
        """Return the URL that first had these bytes, and its file; None if none had."""
        if not self._known.may_have(sha256):
            return None
        row = self._row(
            f"SELECT {_FILE} FROM file WHERE sha256 = ? AND duplicate_of IS NULL",
            (bytes.fromhex(sha256),),
        )
        return None if row is None else (str(row[0]), _file(row))

    def put(self, url: str, file: StoredFile) -> None:
        """Note where the file of a URL is; nothing of it is half here any more."""
        self._known.add(url)
        self._known.add(file.sha256)
        one = FileRow(
            url, bytes.fromhex(file.sha256), file.path, file.size, file.media_type, file.width,
            file.height, file.duplicate_of, file.worked,
            msgspec.json.encode(file.fields) if file.fields else None,
            file.validator,
        )  # fmt: skip
        self._write(
            f"INSERT OR REPLACE INTO file ({_FILE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            msgspec.structs.astuple(one),
        )

    def validator(self, url: str) -> str | None:
        """Return what the part of a file that is here is a part of; None if nobody can say."""
        row = self._row("SELECT validator FROM part WHERE url = ?", (url,))
        return None if row is None else str(row[0])

    def begin_part(self, url: str, validator: str) -> None:
        """Note what a part that is about to be written is a part of."""
        self._known.add(url)
        self._write("INSERT OR REPLACE INTO part VALUES (?, ?)", (url, validator))

    def drop_part(self, url: str) -> None:
        """Forget a part."""
        self._write("DELETE FROM part WHERE url = ?", (url,))

    def forget(self, url: str) -> bool:
        """Forget the file of a URL, and a part of it; tell whether there was any."""
        known = self._row(
            "SELECT 1 FROM file WHERE url = ?1 UNION SELECT 1 FROM part WHERE url = ?1", (url,)
        )
        self._write("DELETE FROM file WHERE url = ?", (url,))
        self.drop_part(url)
        return known is not None

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield what is known of each file, by column; nobody writes meanwhile.

        Raises:
            StateError: It cannot be read.
        """
        try:
            for row in self._db.execute(f"SELECT {_FILE} FROM file ORDER BY url"):
                yield dict(zip(FILE_COLUMNS, row, strict=True))
        except sqlite3.Error as error:
            raise self._complaint(error) from error

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._db.close()

    def _row(self, query: str, values: tuple[object, ...]) -> tuple[object, ...] | None:
        try:
            with self._lock:
                row: tuple[object, ...] | None = self._db.execute(query, values).fetchone()
        except sqlite3.Error as error:
            raise self._complaint(error) from error
        return row

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            with self._lock:
                self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._complaint(error) from error

    def _complaint(self, error: sqlite3.Error) -> StateError | OutputError:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return NoRoomError(f"cannot write {self._name}: {error}")
        return StateError(f"{self._name} cannot be used: {error}")


def _file(row: tuple[object, ...]) -> StoredFile:
    one = msgspec.convert(dict(zip(FILE_COLUMNS, row, strict=True)), FileRow)
    return StoredFile(
        path=one.path, sha256=one.sha256.hex(), size=one.size, media_type=one.media_type,
        width=one.width, height=one.height, duplicate_of=one.duplicate_of, worked=one.worked,
        validator=one.validator,
        fields=msgspec.json.decode(one.fields, type=dict[str, Any]) if one.fields else {},
    )  # fmt: skip
