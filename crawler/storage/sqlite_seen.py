"""The seen-set of a run in its database: read row by row while that is quick, else from parts.

A row is read in about two microseconds, so that ten million would keep a resume waiting for twenty
seconds. A set that is large is therefore also kept as it is, in parts: with the commits, one part
after the other is written anew, so often that rows not yet in the oldest part are an eighth of all.
A resume reads the parts, a millisecond each, and those rows on top.

What a part says of depth and label may be out of date: rows read on top are right, others are worse
than they stand. A row that is found no better than it stands is left as it is (`improve`), so
nothing comes of it but a look at the row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from crawler.frontier.seen_set import PARTS, SeenSet, pack
from crawler.storage import schema
from crawler.storage.rows import signed, unsigned

#: Keys from which on a set is kept in parts: fewer are read in a second.
KEEP_FROM = 250_000
#: Of how many keys one is new since the oldest part was written, about.
_ONE_IN = 8
_UNSIGNED = (1 << 64) - 1
#: Bits of a key behind those that name its part.
_PART_AT = 56


class SqliteSeen:
    """What the tables know of the run's seen-set; within the owner's transactions.

    Args:
        db: The database.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._next = 0
        self._rows = 0  # that came since a part was written

    def load(self, first: int) -> SeenSet:
        """Return the set of the run whose first row this is."""
        db, seen, parts = self._db, SeenSet(), self._parts()
        # Of each part the last row that it has, as a word: what is not beyond need not be put.
        has, since = [0] * PARTS, -1
        if len(parts) == PARTS:
            row, since, self._next = min(parts)
            first = max(first, row + 1)
            for row, _, part in parts:
                (dumped,) = db.execute(schema.SEEN_PART, (part,)).fetchone()
                seen.load(part, dumped)
                has[part] = pack(row + 1, 0, 0)
        seen.put_all(
            (key, word)
            for signed_key, word in db.execute(schema.SEEN, (first,))
            if word >= has[(key := signed_key & _UNSIGNED) >> _PART_AT]
        )
        seen.put_all(
            (key & _UNSIGNED, word) for key, word in db.execute(schema.SEEN_AGAIN, (since,))
        )
        return seen

    def _parts(self) -> list[tuple[int, int, int]]:
        """Return of each part its last row, the commit that wrote it, and its number."""
        return self._db.execute("SELECT row, at, part FROM seen_part").fetchall()

    def forget(self) -> None:
        """Drop what was kept: another run begins, or rows leave this one."""
        self._db.execute("DELETE FROM seen_part")
        self._next = self._rows = 0

    def keep(self, seen: SeenSet, new: int, last: int, commit_no: int) -> None:
        """Write parts anew if it is time.

        Args:
            seen: The set, as it is once the transaction is committed.
            new: Rows that came with the transaction.
            last: The highest row id there will be.
            commit_no: The number of the commit.
        """
        size = len(seen)
        if size < KEEP_FROM:
            return
        self._rows += new
        each = max(1, size // (_ONE_IN * PARTS))
        due = min(PARTS, self._rows // each)
        if not due:
            return
        self._rows = 0 if due == PARTS else self._rows - due * each
        for _ in range(due):
            self._write(seen, self._next, last, commit_no)
            self._next = (self._next + 1) % PARTS

    def settle(self, seen: SeenSet, last: int, commit_no: int) -> None:
        """Write every part that lacks rows: the run is interrupted, and will go on."""
        if len(seen) < KEEP_FROM:
            return
        whole = {part for _, at, part in self._parts() if at == commit_no}
        for part in range(PARTS):
            if part not in whole:
                self._write(seen, part, last, commit_no)

    def _write(self, seen: SeenSet, part: int, last: int, commit_no: int) -> None:
        row = (part, last, commit_no, seen.dump(part))
        self._db.execute(schema.PUT_SEEN_PART, row)

    # Rows of earlier runs

    def index_keys(self) -> None:
        """Build the index by fingerprint, if it is not there."""
        self._db.execute(schema.KEY_INDEX)

    def history(self, keys: Sequence[int]) -> dict[int, int]:
        """Return the rows that earlier runs left for these fingerprints."""
        found: dict[int, int] = {}
        for start in range(0, len(keys), 500):
            part = [signed(key) for key in keys[start : start + 500]]
            marks = ",".join("?" * len(part))
            sql = f"SELECT key, id FROM request WHERE key IN ({marks})"
            found.update((unsigned(key), row) for key, row in self._db.execute(sql, part))
        return found
