"""What an incremental job remembers, as SQL; within the owner's transactions.

Pages that are known belong to a refresh from its beginning. Those that are due are ready, the most
overdue first; the others are pending, but in no queue, until the engine settles them: so a list
that says that one of them changed can still make it ready.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from crawler.interfaces import PageCommit
from crawler.messages import QueuedRequest
from crawler.outcome import SkipReason, State
from crawler.page_memory import BY_LINKS, NOT_DUE, Overdue, PageMemory, Visited
from crawler.policy.gone import MISSING
from crawler.spider.payload import belongs_to_its_page
from crawler.storage import schema
from crawler.storage.admitted import Admitted, Carried, FoundAgain, Listed, Renewal
from crawler.storage.rows import memory_columns, queued_from
from crawler.storage.sqlite_reach import unled
from crawler.storage.sqlite_rekey import keep_keys
from crawler.urls import CanonicalRules

#: Most urgent there is: 68 years.
_MOST = (1 << 31) - 1
#: What the job no longer wants at all, beside `NOT_DUE` and `BY_LINKS`.
_UNWANTED = -3

# Alive once, or failing, by what earlier runs say; links find the others again, among them those
# that were never there (404), and `start` the starts.
_KNOWN = (
    "is_start = 0 AND NOT (payload IS NOT NULL AND of_its_page(payload))"
    f" AND (state IN ({State.PENDING:d}, {State.DONE:d}, {State.DEAD:d})"
    f" OR (state = {State.FAILED:d} AND ifnull(status, 0) NOT IN {MISSING})"
    f" OR (state = {State.SKIPPED:d} AND reason = '{SkipReason.NOT_DUE}')"
    " OR EXISTS (SELECT 1 FROM memory m WHERE m.row = request.id AND m.fetched > 0))"
)
# What is in doubt is no less asked for: items that are not told to be gone have a page that is not.
_STILL_WANTED = (
    "UPDATE memory SET gone_since=NULL WHERE gone_since IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM known_item k WHERE k.page = memory.row AND k.state = 0"
    " AND k.data IS NOT NULL)"
)
_TO_HISTORY = f"UPDATE request SET state={schema.HISTORY}, not_before=NULL WHERE NOT ({_KNOWN})"
# What was never fetched, for a limit say, has been due since the page that led to it was read.
_REVIVE = (
    "UPDATE request SET state=0, reason=NULL, attempts=0, not_before=NULL, crashes=0, status=NULL,"
    " size=NULL, ms=NULL, error=NULL, ended=NULL, urgency=overdue(request.url,"
    " l.fetched, m.first_seen, m.fetched, m.interval, m.due, m.rules, m.lastmod,"
    " m.kept IS NOT NULL, m.gone_since, request.label, request.payload,"
    " ifnull(m.misses, 0))"
    " FROM request AS r LEFT JOIN memory m ON m.row = r.id LEFT JOIN memory l ON l.row = r.parent"
    f" WHERE r.id = request.id AND request.state <> {schema.HISTORY}"
)
_ARGUMENTS = 13
_LEAVE_OUT = (
    f"UPDATE request SET state={schema.HISTORY}, urgency=0 WHERE state=0 AND urgency={_UNWANTED}"
)
_REVIVED_HISTORY = f"UPDATE request SET state=0 WHERE state={schema.HISTORY} AND {_KNOWN}"
_NOT_DUE = f" WHERE r.state=0 AND r.urgency={NOT_DUE} ORDER BY r.id LIMIT ?"
_COUNT_DUE = f"SELECT count(*) FROM request WHERE state=0 AND (urgency>0 OR urgency={BY_LINKS})"
_BY_LINKS = f"SELECT id FROM request WHERE state=0 AND urgency={BY_LINKS}"
_FIND_AGAIN = (
    "UPDATE request SET urgency=1, rank=:rank, depth=:depth, label=:label, label_rank=:label_rank,"
    " payload=:payload, parent=:parent WHERE id=:row AND state=0 AND urgency<0"
)
_FOUND_BY_NONE = f"UPDATE request SET urgency=1 WHERE state=0 AND urgency={BY_LINKS}"
_WAITING = f"SELECT id FROM request WHERE state=0 AND urgency={NOT_DUE}"
_SET_RUN = "UPDATE memory SET run=? WHERE row=?"
_SET_MISSED = "UPDATE memory SET misses=?, gone_since=?, interval=?, due=?, run=? WHERE row=?"


_PUT_LISTED = (
    "INSERT INTO memory (row, lastmod, news, first_seen, fetched, changed, interval)"
    " VALUES (?,?,?,0,0,0,0) ON CONFLICT (row) DO UPDATE SET"
    " lastmod=ifnull(excluded.lastmod, lastmod), news=max(news, excluded.news)"
)
# Behind what is due by its own date: what a list says is but a hint.
_WAKE = (
    f"UPDATE request SET urgency=1 WHERE id=:row AND state=0 AND urgency={NOT_DUE}"
    " AND :lastmod > (SELECT fetched FROM memory WHERE row=:row) RETURNING id"
)


# A page that led to a row first says what is asked for there; another one only once that one
# leads nowhere any more. Of several pages it would else be the one that is read first tonight.
_NOWHERE = f"p.state < 0 OR (p.state = {State.FAILED:d} AND p.status IN {MISSING})"
_OUTDATED = (
    "SELECT r.state, r.not_before, r.urgency FROM request r LEFT JOIN request p ON p.id = r.parent"
    " WHERE r.id=:row AND r.payload IS NOT :payload AND r.is_start=0"
    f" AND (r.parent=:parent OR ifnull({_NOWHERE}, r.parent <> 0))"
)
_RENEW = (
    "UPDATE request SET payload=:payload, parent=:parent, urgency=max(urgency, :least)"
    " WHERE id=:row"
)
_NO_START = "SELECT state, not_before, urgency FROM request WHERE id=:row AND is_start=0"
_BEGIN_WITH = (
    "UPDATE request SET urgency=max(urgency, 1), rank=:rank, depth=:depth, label=:label,"
    " label_rank=:label_rank, payload=:payload, parent=:parent WHERE id=:row"
)
_CARRIES = (
    "SELECT EXISTS (SELECT 1 FROM request WHERE state >= 0 AND payload IS NOT NULL AND is_start=0)"
)


#: A pending row, the second of its next try, and its urgency, as they were before a change.
_WasPending = tuple[int, float | None, int]


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
            if seconds == BY_LINKS:
                return BY_LINKS
            if not visited.fetched:
                return 1
            return NOT_DUE if seconds < 0 else max(1, min(_MOST, seconds))

        db = self._db
        db.create_function("overdue", _ARGUMENTS, urgency)
        db.create_function("of_its_page", 1, belongs_to_its_page, deterministic=True)
        try:
            db.execute(_REVIVED_HISTORY)
            db.execute(_TO_HISTORY)
            db.execute(_STILL_WANTED)
            db.execute(_REVIVE)
            db.execute(_LEAVE_OUT)
        finally:
            db.create_function("overdue", _ARGUMENTS, None)
            db.create_function("of_its_page", 1, None)

    def put(self, pages: Iterable[PageCommit], admitted: Admitted) -> list[int]:
        """Write what is remembered of pages from now on, and what links and lists say of others.

        Returns:
            Rows that are due by what a list says, and were not; those that waited for a link.
        """
        full, seen, missed = [], [], []
        for page in pages:
            if page.memory is None:
                continue
            if page.reason == SkipReason.NOT_DUE:
                seen.append((page.memory.run, page.id))
            elif page.state != State.DONE and page.memory.misses:
                missed.append(_missed_columns(page.id, page.memory))
            else:
                full.append(memory_columns(page.id, page.memory))
        self._db.executemany(schema.PUT_MEMORY, full)
        if seen:
            self._db.executemany(_SET_RUN, seen)
        if missed:
            self._db.executemany(_SET_MISSED, missed)
        return self._find_again(admitted.found_again) + self._note_listed(admitted.listed)

    def _note_listed(self, listed: Iterable[Listed]) -> list[int]:
        woken: list[tuple[int]] = []
        for one in listed:
            self._db.execute(_PUT_LISTED, one)
            if one.lastmod is not None:
                woken += self._db.execute(_WAKE, {"row": one.row, "lastmod": one.lastmod})
        return [row for (row,) in woken]

    def carried(self) -> Carried:
        """Return what rows carry from earlier runs."""
        any_at_all = bool(self._db.execute(_CARRIES).fetchone()[0])
        return Carried(any_at_all, {row for (row,) in self._db.execute(_BY_LINKS)})

    def _find_again(self, found: Iterable[FoundAgain]) -> list[int]:
        """Have rows that waited for a link be asked for as it says; return them."""
        rows = [one._asdict() for one in found]
        self._db.executemany(_FIND_AGAIN, rows)
        return [one["row"] for one in rows]

    def leave_to_none(self) -> int:
        """Have rows that no link found be asked for as they were; return how many."""
        return self._db.execute(_FOUND_BY_NONE).rowcount

    def wake_unled(self) -> int:
        """Make pages ready that are not due, and to which nothing leads; return how many."""
        waiting = {row for (row,) in self._db.execute(_WAITING)}
        rows = [(row,) for row in unled(self._db, 1) & waiting] if waiting else []
        if rows:  # a transaction for each row would take as long as a commit
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("UPDATE request SET urgency=1 WHERE id=?", rows)
            self._db.execute("COMMIT")
        return len(rows)

    def renew(self, admitted: Admitted) -> tuple[list[int], list[int]]:
        """Have known rows ask for what `start`, and the pages that lead to them, say today.

        Returns:
            Ready rows that ask for something else now; rows that were not due, and are.
        """
        ready, woken = [], []
        changed = (*self._begun_with(admitted.starts), *self._renewed(admitted.renewals))
        for row, not_before, urgency in changed:
            if urgency < 0:
                woken.append(row)
            elif not_before is None:
                ready.append(row)
        return ready, woken

    def _renewed(self, renewals: Iterable[Renewal]) -> Iterator[_WasPending]:
        for one in renewals:
            named = one._asdict()
            found = self._db.execute(_OUTDATED, named).fetchone()
            if found is None:
                continue
            state, not_before, urgency = found
            pending = state == State.PENDING
            least = 1 if pending and urgency < 0 else urgency
            self._db.execute(_RENEW, named | {"least": least})
            if pending:
                yield one.row, not_before, urgency

    def _begun_with(self, starts: Iterable[FoundAgain]) -> Iterator[_WasPending]:
        for one in starts:
            named = one._asdict()
            found = self._db.execute(_NO_START, named).fetchone()
            if found is None:
                continue
            state, not_before, urgency = found
            self._db.execute("UPDATE request SET is_start=1 WHERE id=:row", named)
            if state == State.PENDING:
                self._db.execute(_BEGIN_WITH, named)
                yield one.row, not_before, urgency

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


def _missed_columns(row: int, memory: PageMemory) -> tuple[Any, ...]:
    """Return what `_SET_MISSED` takes: what a page was stays known as it is."""
    return (memory.misses, memory.gone_since, memory.interval, memory.due, memory.run, row)
