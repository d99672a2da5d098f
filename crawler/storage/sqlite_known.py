"""Known rows of a job's database, as far as an improvement of depth or label touches them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from crawler.interfaces import Books
from crawler.outcome import SkipReason, State
from crawler.storage.counting import count
from crawler.storage.improve import Standing
from crawler.storage.rows import unpack_rows, unsigned


class SqliteKnownRows:
    """`crawler.storage.improve.KnownRows` over the tables, within a transaction.

    Args:
        db: The database.
        books: Changed along with the rows.
    """

    def __init__(self, db: sqlite3.Connection, books: Books) -> None:
        self._db = db
        self._books = books

    def standing(self, row: int) -> Standing:
        """Return how a row stands."""
        # What is not due waits too: it is in no queue.
        waits = "not_before IS NOT NULL OR urgency < 0"
        sql = f"SELECT state, reason, depth, {waits} FROM request WHERE id=?"
        state, reason, depth, waiting = self._db.execute(sql, (row,)).fetchone()
        return Standing(state, reason, depth, bool(waiting))

    def lift(self, row: int, depth: int) -> None:
        """Set the depth of a row."""
        self._db.execute("UPDATE request SET depth=? WHERE id=?", (depth, row))

    def relabel(self, row: int, label: str, label_rank: int) -> None:
        """Set the label of a row, unless the one it has comes first: who asks may not know it."""
        sql = (
            "UPDATE request SET label=:label, label_rank=:rank"
            " WHERE id=:row AND label_rank NOT BETWEEN 1 AND :rank"
        )
        self._db.execute(sql, {"label": label, "rank": label_rank, "row": row})

    def revive(self, row: int) -> None:
        """Make a row that was skipped for its depth pending."""
        self._db.execute("UPDATE request SET state=0, reason=NULL WHERE id=?", (row,))
        count(self._books, State.SKIPPED, SkipReason.DEPTH, -1)
        count(self._books, State.PENDING, None, 1)

    def children(self, row: int) -> Iterator[tuple[int, int]]:
        """Return id and key of the rows that a page led to."""
        found = self._db.execute("SELECT rows FROM children WHERE row=?", (row,)).fetchone()
        for child in unpack_rows(found[0]) if found else ():
            (key,) = self._db.execute("SELECT key FROM request WHERE id=?", (child,)).fetchone()
            yield child, unsigned(key)
