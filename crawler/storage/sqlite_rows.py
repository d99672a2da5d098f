"""Rows of requests as they come and as they end, as SQL; within the owner's transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from operator import itemgetter

from crawler.interfaces import Books, PageCommit
from crawler.outcome import State
from crawler.storage import schema
from crawler.storage.admitted import Admitted
from crawler.storage.counting import count, how_many
from crawler.storage.new_row import columns
from crawler.storage.rows import signed
from crawler.storage.sqlite_hosts import SqliteHosts


class SqliteRows:
    """Adds rows and ends them; the books are counted along.

    Args:
        db: The database.
        hosts: Numbers of hosts.
    """

    def __init__(self, db: sqlite3.Connection, hosts: SqliteHosts) -> None:
        self._db = db
        self._hosts = hosts

    def end(self, pages: Iterable[PageCommit], books: Books) -> None:
        """Write how pages ended, and count it."""
        rows = [
            (
                *(p.state, p.reason, p.error, p.status, p.attempts, p.not_before),
                *(p.size, p.ms, None if p.at is None else int(p.at), p.fetched, p.id),
            )
            for p in pages
            if p.id
        ]
        self._db.executemany(schema.END_ROW, rows)
        count(books, State.PENDING, None, -len(rows))
        for (state, reason), rows_so in how_many((row[0], row[1]) for row in rows).items():
            count(books, state, reason, rows_so)

    def add(self, admitted: Admitted, books: Books, number: int) -> None:
        """Write rows that were admitted, and count them; `number` is that of the commit."""
        rows = admitted.rows
        ids = self._hosts.make(row.host for row in rows)
        revived = admitted.revived
        plain = [
            (r.id, signed(r.key), ids[r.host], r.depth, r.url, r.parent)
            for r in rows
            if r.plain and not (revived and r.id in revived)
        ]
        # Sorted by host, neighbours in the batch are neighbours in the index of pending rows.
        plain.sort(key=itemgetter(2))
        self._db.executemany(schema.INSERT_PLAIN, plain)
        if len(plain) < len(rows):
            self._add_special(admitted, number)
        books.known += len(rows)
        for (state, reason), rows_so in how_many((row.state, row.reason) for row in rows).items():
            count(books, state, reason, rows_so)

    def _add_special(self, admitted: Admitted, number: int) -> None:
        """Write rows that are more than a plain link, and those that earlier runs left."""
        ids, revived = self._hosts.ids, admitted.revived
        new = [r for r in admitted.rows if r.id not in revived and not r.plain]
        self._db.executemany(
            schema.INSERT_ROW, [(r.id, signed(r.key), ids[r.host], *columns(r)) for r in new]
        )
        if revived:
            old = [r for r in admitted.rows if r.id in revived]
            self._db.executemany(schema.REVIVE_ROW, [(*columns(r), r.id) for r in old])
            self._db.executemany(schema.INSERT_SEEN, [(r.id, number) for r in old])
