"""`state/runs.sqlite`: opened, made, brought up to this version, or refused."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from crawler.errors import StateError

VERSION = 1
APPLICATION_ID = 0x63726872  # "crhr"

#: Seconds that another process may hold the file; what is written in one go takes milliseconds.
BUSY = 10.0

_TABLES = """
CREATE TABLE start (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    run TEXT,
    standing TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    exit INTEGER,
    reason TEXT,
    why TEXT NOT NULL DEFAULT '',
    pid INTEGER,
    host TEXT,
    boot TEXT,
    trigger TEXT NOT NULL,
    resumed INTEGER NOT NULL DEFAULT 0,
    pages INTEGER,
    items INTEGER,
    failed INTEGER,
    bytes INTEGER,
    peak_rss_bytes INTEGER,
    report TEXT,
    config TEXT,
    go_on TEXT,
    folder TEXT,
    version TEXT,
    cron TEXT,
    zone TEXT,
    slack REAL
) STRICT;
CREATE INDEX start_of_job ON start (job, number);
CREATE INDEX start_of_run ON start (run) WHERE run IS NOT NULL;
"""
#: From a version to the next one.
UPGRADES: Mapping[int, str] = {}

_LEFT = "it was left as it is; move it away, and a new history is begun"
_MEANING = {
    sqlite3.SQLITE_BUSY: "another program holds it locked",
    sqlite3.SQLITE_LOCKED: "another program holds it locked",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk is full or failing",
    sqlite3.SQLITE_CANTOPEN: "see to its folder and its permissions",
    sqlite3.SQLITE_PERM: "see to its permissions",
    sqlite3.SQLITE_READONLY: "see to its permissions",
    sqlite3.SQLITE_CORRUPT: _LEFT,
    sqlite3.SQLITE_NOTADB: _LEFT,
}


def opened(path: Path) -> sqlite3.Connection:
    """Open the file to write to it; it is made if it is not there, with its folder.

    Raises:
        StateError: It cannot be written, is none of ours, or is newer than this program.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            # Commands stand in it, with what `--set` was given.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        # Whoever ends a process at once may be in another thread.
        db = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise _complaint(path, error) from error
    try:
        # A loss of power may cost the record of the last seconds; a flush to disk for each would
        # cost every run more than that is worth.
        db.execute("PRAGMA synchronous=NORMAL")
        with transaction(db, path):
            _bring_up(db, path)
        _readable_meanwhile(db)
    except sqlite3.Error as error:
        db.close()
        raise _complaint(path, error) from error
    except StateError:
        db.close()
        raise
    return db


@contextmanager
def transaction(
    db: sqlite3.Connection, path: Path, patience: float = BUSY
) -> Iterator[sqlite3.Connection]:
    """Hold a transaction, which is committed unless an exception leaves it.

    Args:
        db: The file, opened.
        path: Of the file.
        patience: Seconds to wait for others that write.

    Raises:
        StateError: It cannot be written.
    """
    try:
        db.execute(f"PRAGMA busy_timeout={patience * 1000:.0f}")
        db.execute("BEGIN IMMEDIATE")
        with db:
            yield db
    except sqlite3.Error as error:
        raise _complaint(path, error) from error


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file, which must be there, to read what is of one instant.

    Raises:
        StateError: It cannot be read, is none of ours, or is newer than this program.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, timeout=BUSY, uri=True, isolation_level=None)) as db:
            db.execute("BEGIN")
            if _version(db, path) < VERSION:
                db.execute("ROLLBACK")
                opened(path).close()
                db.execute("BEGIN")
            yield db
    except sqlite3.Error as error:
        raise _complaint(path, error) from error


def _version(db: sqlite3.Connection, path: Path) -> int:
    """Return the version of a file; 0 for one without anything in it."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or tables):
        raise StateError(f"{path} is no history of this program; {_LEFT}")
    if version > VERSION:
        raise StateError(f"{path} was written by a newer version of this program; upgrade")
    return int(version)


def _bring_up(db: sqlite3.Connection, path: Path) -> None:
    version = _version(db, path)
    if version == VERSION:
        return
    steps = [UPGRADES[old] for old in range(version, VERSION)] if version else [_TABLES]
    for step in steps:
        # Not `executescript`, which would commit what has been done so far.
        for statement in step.split(";"):
            db.execute(statement)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={VERSION}")


def _readable_meanwhile(db: sqlite3.Connection) -> None:
    """Let others read while somebody writes, from the next time on if not from now."""
    if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        with suppress(sqlite3.OperationalError):  # somebody else has it open, and does it
            db.execute("PRAGMA journal_mode=WAL")


def _complaint(path: Path, error: sqlite3.Error) -> StateError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    meaning = _MEANING.get(code)
    return StateError(f"{path}: {error}" + (f"; {meaning}" if meaning else ""))
