"""What an incremental job remembers, as SQL; within the owner's transactions.

Pages that are known belong to a refresh from its beginning. Those that are due are ready, the most
overdue first; the others are pending, but in no queue, until the engine settles them: so a list
that says that one of them changed can still make it ready.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from crawler.interfaces import PageCommit
from crawler.messages import QueuedRequest
from crawler.outcome import SkipReason, State
from crawler.page_memory import Overdue, Visited
from crawler.spider.payload import belongs_to_its_page
from crawler.storage import schema
from crawler.storage.intake import Listed
from crawler.storage.rows import memory_columns, queued_from
from crawler.storage.sqlite_rekey import keep_keys
from crawler.urls import CanonicalRules

#: Most urgent there is: 68 years.
_MOST = (1 << 31) - 1
#: What is not due, and what the job no longer wants at all.
NOT_DUE, _UNWANTED = -1, -2

# Alive or failing by what earlier runs say; links find the others again, and `start` the starts.
_KNOWN = (
    "is_start = 0 AND NOT (payload IS NOT NULL AND of_its_page(payload))"
    f" AND (state IN ({State.PENDING:d}, {State.DONE:d}, {State.FAILED:d}, {State.DEAD:d})"
    f" OR (state = {State.SKIPPED:d} AND reason = '{SkipReason.NOT_DUE}')"
    f" OR (state = {schema.HISTORY} AND id IN (SELECT row FROM memory WHERE fetched > 0)))"
)
_TO_HISTORY = f"UPDATE request SET state={schema.HISTORY}, not_before=NULL WHERE NOT ({_KNOWN})"
# What was never fetched, for a limit say, has been due since the page that led to it was read.
_REVIVE = (
    "UPDATE request SET state=0, reason=NULL, attempts=0, not_before=NULL, crashes=0, status=NULL,"
    " size=NULL, ms=NULL, error=NULL, ended=NULL, urgency=overdue(request.url,"
    " l.fetched, m.first_seen, m.fetched, m.interval, m.due, m.rules, m.lastmod,"
    " m.kept IS NOT NULL)"
    " FROM request AS r LEFT JOIN memory m ON m.row = r.id LEFT JOIN memory l ON l.row = r.parent"
    f" WHERE r.id = request.id AND request.state <> {schema.HISTORY}"
)
_LEAVE_OUT = (
    f"UPDATE request SET state={schema.HISTORY}, urgency=0 WHERE state=0 AND urgency={_UNWANTED}"
)
_REVIVED_HISTORY = f"UPDATE request SET state=0 WHERE state={schema.HISTORY} AND {_KNOWN}"
_NOT_DUE = " WHERE r.state=0 AND r.urgency<0 ORDER BY r.id LIMIT ?"
_COUNT_DUE = "SELECT count(*) FROM request WHERE state=0 AND urgency>0"
_SET_RUN = "UPDATE memory SET run=? WHERE row=?"


_PUT_LISTED = (
    "INSERT INTO memory (row, lastmod, news, first_seen, fetched, changed, interval)"
    " VALUES (?,?,?,0,0,0,0) ON CONFLICT (row) DO UPDATE SET"
    " lastmod=ifnull(excluded.lastmod, lastmod), news=max(news, excluded.news)"
)
# Behind what is due by its own date: what a list says is but a hint.
_WAKE = (
    "UPDATE request SET urgency=1 WHERE id=:row AND state=0 AND urgency<0"
    " AND :lastmod > (SELECT fetched FROM memory WHERE row=:row) RETURNING id"
)


class SqliteMemory:
    """What the tables know of pages from earlier runs.

    Args:
        db: The database.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def keep_keys(self, seed: int, rules: CanonicalRules) -> int:
        """Let rows stay known whatever rules their keys were made by; see `keep_keys`."""
        return keep_keys(self._db, seed, rules)

    def revive(self, overdue: Overdue | None) -> None:
        """Make every page pending that earlier runs found alive or failing; forget the rest.

        Args:
            overdue: Says which are due; None for all.
        """

        def urgency(url: str, led_at: float | None, *kept: Any) -> int:
            if overdue is None:
                return 1
            visited = Visited(*kept)
            if not visited.fetched:
                visited = Visited(led_at or 0.0, led_at or 0.0, 0.0, led_at)
            seconds = overdue(url, visited)
            if seconds is None:
                return _UNWANTED
            if not visited.fetched:
                return 1
            return NOT_DUE if seconds < 0 else max(1, min(_MOST, seconds))

        db = self._db
        db.create_function("overdue", 9, urgency)
        db.create_function("of_its_page", 1, belongs_to_its_page, deterministic=True)
        try:
            db.execute(_REVIVED_HISTORY)
            db.execute(_TO_HISTORY)
            db.execute(_REVIVE)
            db.execute(_LEAVE_OUT)
        finally:
            db.create_function("overdue", 9, None)
            db.create_function("of_its_page", 1, None)

    def put(self, pages: Iterable[PageCommit], listed: Iterable[Listed]) -> list[int]:
        """Write what is remembered of pages from now on, and what lists say of others.

        Returns:
            Rows that are due by what a list says, and were not.
        """
        full, seen = [], []
        for page in pages:
            if page.memory is None:
                continue
            if page.reason == SkipReason.NOT_DUE:
                seen.append((page.memory.run, page.id))
            else:
                full.append(memory_columns(page.id, page.memory))
        self._db.executemany(schema.PUT_MEMORY, full)
        if seen:
            self._db.executemany(_SET_RUN, seen)
        return self._note_listed(listed)

    def _note_listed(self, listed: Iterable[Listed]) -> list[int]:
        woken: list[tuple[int]] = []
        for one in listed:
            self._db.execute(_PUT_LISTED, one)
            if one.lastmod is not None:
                woken += self._db.execute(_WAKE, {"row": one.row, "lastmod": one.lastmod})
        return [row for (row,) in woken]

    def not_due(self, limit: int) -> list[QueuedRequest]:
        """Return pending rows that are not due."""
        rows = self._db.execute(schema.REMEMBERED + _NOT_DUE, (limit,))
        return [queued_from(row) for row in rows]

    def gains(self, rows: Sequence[int]) -> dict[int, bytes]:
        """Return the stored gains of rows."""
        found: dict[int, bytes] = {}
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            marks = ",".join("?" * len(part))
            sql = f"SELECT row, gain FROM memory WHERE gain IS NOT NULL AND row IN ({marks})"
            found.update(self._db.execute(sql, part))
        return found

    def due(self) -> int:
        """Return how many pages are due and pending."""
        count: Any = self._db.execute(_COUNT_DUE).fetchone()[0]
        return int(count)
