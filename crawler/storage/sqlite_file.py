"""Opening a job's database: ours, whole, and of a version that we know, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from pathlib import Path

from crawler.errors import StateError
from crawler.fail_points import reached
from crawler.storage import schema
from crawler.storage.complaint import complaint

#: Seconds that another program, such as one that makes a backup, may hold the database.
BUSY_SECONDS = 30.0
_SYNCHRONOUS = {"process": "NORMAL", "power_loss": "FULL"}


def open_database(path: Path, durability: str) -> sqlite3.Connection:
    """Open a database, making its tables if it is new; its folder must be there.

    Args:
        path: The file.
        durability: "process" (survives the process's death) or "power_loss" (the machine's).

    Raises:
        StateError: The file is damaged, foreign, or of a newer version; it is left as it was.
    """
    try:
        # It holds cookies. What SQLite puts beside it has the permissions of the file itself.
        with contextlib.suppress(OSError):  # SQLite says better what is wrong
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise complaint(path, error) from error
    try:
        empty = _is_empty(db, path)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA synchronous={_SYNCHRONOUS[durability]}")
        # 64 MiB: with a thousand hosts each commit touches a page of each; rewriting them once a
        # dozen commits instead of once in three is worth a fifth of the insert rate.
        db.execute("PRAGMA wal_autocheckpoint=16000")
        db.execute("PRAGMA cache_size=-32768")  # 32 MiB; half and twice as much insert as fast
        db.execute("PRAGMA temp_store=MEMORY")
        if empty:
            _make_tables(db)
        else:
            _upgrade(db)
    except sqlite3.Error as error:
        db.close()
        raise complaint(path, error) from error
    except StateError:
        db.close()
        raise
    return db


def reached_in_database(point: str) -> None:
    """Reach a fail point where it is SQLite that would complain about the disk."""
    try:
        reached(point)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        failed = sqlite3.OperationalError("database or disk is full" if full else "disk I/O error")
        failed.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR
        raise failed from error


def _is_empty(db: sqlite3.Connection, path: Path) -> bool:
    """Tell whether a database is new.

    Raises:
        StateError: It is not, and not ours.
    """
    application, version = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    empty = bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)
    if application != schema.APPLICATION_ID and not (empty and application == 0):
        raise StateError(f"{path} is not a state file of this program; it was left as it is")
    if version > schema.VERSION:
        raise StateError(
            f"{path} was written by a newer version (state version {version}, this program knows"
            f" {schema.VERSION}); upgrade, or use another --dir"
        )
    return empty


def _upgrade(db: sqlite3.Connection) -> None:
    """Bring the tables of an older version to ours, each step in a transaction of its own."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for old in range(version, schema.VERSION):
        reached_in_database("store.upgrade.before")
        db.executescript(
            f"BEGIN IMMEDIATE; {schema.UPGRADES[old]} PRAGMA user_version={old + 1}; COMMIT;"
        )
        reached_in_database("store.upgrade.after")


def _make_tables(db: sqlite3.Connection) -> None:
    """Make everything in one transaction: a file with tables but no name would not be ours."""
    reached_in_database("store.make.before")
    db.executescript(
        f"BEGIN IMMEDIATE; {schema.TABLES} {schema.OUTBOX} {schema.SEEN_PARTS}"
        f" {schema.MEMORY}"
        f" PRAGMA application_id={schema.APPLICATION_ID};"
        f" PRAGMA user_version={schema.VERSION};"
        f" INSERT INTO setting VALUES ('seed', x'{os.urandom(8).hex()}'), ('commit_no', 0);"
        " COMMIT;"
    )
    reached_in_database("store.make.after")
