"""What SQLite complains about, in words that say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from crawler.errors import StateError

_LEFT = "it was left as it is; put a copy of it back, move it away, or begin anew with --forget"
_AS_OF = "the state is as of the last commit"
#: Primary result code to what it means for whoever runs the job (sqlite.org/rescode.html).
_MEANING = {
    sqlite3.SQLITE_BUSY: "another program holds it locked; close that, and run again",
    sqlite3.SQLITE_LOCKED: "another program holds it locked; close that, and run again",
    sqlite3.SQLITE_FULL: f"{_AS_OF}; make room, and run again",
    sqlite3.SQLITE_IOERR: f"{_AS_OF}; the disk is full or failing: see to it, and run again",
    sqlite3.SQLITE_CANTOPEN: "see to its folder and its permissions, and run again",
    sqlite3.SQLITE_PERM: "see to its permissions, and run again",
    sqlite3.SQLITE_READONLY: "see to its permissions, and run again",
    sqlite3.SQLITE_CORRUPT: _LEFT,
    sqlite3.SQLITE_NOTADB: _LEFT,
}


def complaint(path: Path, error: sqlite3.Error) -> StateError:
    """Return what is wrong with a database as an error of ours.

    Args:
        path: The file.
        error: As SQLite raised it.
    """
    # Only what comes from SQLite itself has a code; the upper bits say more about the same.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return StateError(f"{path}: {error}; {_MEANING.get(code, _AS_OF)}")


def damaged(path: Path, error: Exception) -> StateError:
    """Return the complaint about a database whose tables hold what nobody put there."""
    return StateError(f"{path} is damaged ({error}); {_LEFT}")
