"""State files as each older version made them, by the statements of their time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

APPLICATION_ID = 0x6372776C
SEED = bytes(range(8))
#: Pages of the run that ended, by row; the rest of the first host's are pending.
DONE = (1, 2, 3)

_FIRST = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE host (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state BLOB);
CREATE TABLE request (
    id INTEGER PRIMARY KEY, key INTEGER NOT NULL, host INTEGER NOT NULL, state INTEGER NOT NULL,
    reason TEXT, rank INTEGER NOT NULL, depth INTEGER NOT NULL, label TEXT,
    label_rank INTEGER NOT NULL, url TEXT NOT NULL, method TEXT, body BLOB, payload BLOB,
    parent INTEGER NOT NULL, is_start INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    not_before REAL, fetch_no INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0,
    status INTEGER, size INTEGER, ms INTEGER, error TEXT
);
CREATE INDEX request_ready ON request (host, rank DESC, depth, id)
    WHERE state = 0 AND not_before IS NULL;
CREATE INDEX request_due ON request (not_before) WHERE state = 0 AND not_before IS NOT NULL;
CREATE TABLE run_seen (row INTEGER PRIMARY KEY);
CREATE TABLE children (row INTEGER PRIMARY KEY, rows BLOB NOT NULL);
CREATE TABLE cookie (
    domain TEXT, path TEXT, name TEXT, value TEXT NOT NULL, host_only INTEGER NOT NULL,
    secure INTEGER NOT NULL, expires REAL, created REAL NOT NULL, http_only INTEGER NOT NULL,
    PRIMARY KEY (domain, path, name)
) WITHOUT ROWID;
CREATE TABLE mark (
    sink TEXT PRIMARY KEY, path TEXT NOT NULL, length INTEGER NOT NULL, tail TEXT NOT NULL
) WITHOUT ROWID;
"""
_SECOND = """
CREATE TABLE outbox (
    row INTEGER PRIMARY KEY AUTOINCREMENT, item_id TEXT NOT NULL, name TEXT NOT NULL,
    data BLOB NOT NULL, url TEXT, depth INTEGER NOT NULL, parent_url TEXT
);
"""
_THIRD = "ALTER TABLE request ADD COLUMN ended INTEGER;"
_FOURTH = """
CREATE TABLE seen_part (
    part INTEGER PRIMARY KEY, row INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL
);
ALTER TABLE run_seen ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
"""
VERSIONS = (_FIRST, _SECOND, _THIRD, _FOURTH)


def url(row: int) -> str:
    return f"http://old.example/{row}"


def make_old_state(path: Path, version: int, *, standing: str = "finished") -> None:
    """Make the file that a version left after a run of five pages, three of them done."""
    with closing(sqlite3.connect(path)) as db:
        for step in VERSIONS[:version]:
            db.executescript(step)
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={version}")
        settings = {
            "seed": SEED, "commit_no": 4, "run_id": "20260101-000000-abcdef", "run_state": standing,
            "run_settings": b"{}", "run_started": 1e9, "first_row": 1, "config": "/old/job.yaml",
            "books": b'{"known":5,"done":3,"failed":0,"dead":0,"skipped":{},"pending":2}',
        }  # fmt: skip
        db.executemany("INSERT INTO setting VALUES (?,?)", settings.items())
        db.execute("INSERT INTO host VALUES (1, 'old.example', x'80')")
        rows = [(row, 100 + row, int(row in DONE), url(row), row == 1) for row in range(1, 6)]
        db.executemany(
            "INSERT INTO request (id, key, host, state, rank, depth, label_rank, url, parent,"
            " is_start) VALUES (?,?,1,?,0,1,0,?,0,?)",
            rows,
        )
        db.execute("INSERT INTO cookie VALUES ('old.example','/','sid','secret',1,0,NULL,1.0,1)")
        db.commit()
