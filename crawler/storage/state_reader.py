"""A job's database, open for reading alone: no lock is needed, and nothing is written.

SQLite's readers see the last commit, also while a run goes on.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from crawler.errors import StateError
from crawler.storage import schema


class StateReader:
    """What every look at a state has in common; use it in a `with`.

    Args:
        path: The file; it must be there.

    Raises:
        StateError: It cannot be read, is none of ours, or is newer than this program.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None
            )
        except sqlite3.Error as error:
            raise StateError(f"{path}: {error}") from error
        try:
            self._version = self._checked_version()
        except sqlite3.Error as error:
            self._db.close()
            raise StateError(f"{path}: {error}") from error
        except StateError:
            self._db.close()
            raise

    def _checked_version(self) -> int:
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        if application != schema.APPLICATION_ID:
            raise StateError(f"{self._path} is not a state file of this program")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > schema.VERSION:
            raise StateError(f"{self._path} was written by a newer version; upgrade")
        return int(version)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def _setting(self, name: str) -> Any:
        try:
            row = self._db.execute("SELECT value FROM setting WHERE name=?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: {error}") from error
        return None if row is None else row[0]
