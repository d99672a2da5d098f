"""The SQL side of the SQLite store. Every method runs on the store's one writer thread.

Nothing here decides: `crawler.storage.intake` says which rows are new, the engine says how each
ended. The books are counted along with the rows, in the same transaction.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from crawler.frontier.seen_set import SeenSet
from crawler.interfaces import (
    Batch,
    Books,
    Committed,
    HostEnd,
    LedgerLine,
    Mark,
    PageCommit,
    RunStart,
)
from crawler.messages import QueuedRequest
from crawler.outcome import ErrorClass, State
from crawler.storage import schema
from crawler.storage.admitted import Admitted
from crawler.storage.counting import copied, count
from crawler.storage.improve import improve
from crawler.storage.intake import Intake
from crawler.storage.new_row import queued
from crawler.storage.rows import (
    ledger_line,
    pack_rows,
    queued_from,
)
from crawler.storage.sqlite_bulk import end_ready
from crawler.storage.sqlite_cookies import SqliteCookies
from crawler.storage.sqlite_file import open_database, reached_in_database
from crawler.storage.sqlite_hosts import SqliteHosts
from crawler.storage.sqlite_items import SqliteItems
from crawler.storage.sqlite_known import SqliteKnownRows
from crawler.storage.sqlite_memory import SqliteMemory
from crawler.storage.sqlite_outbox import SqliteOutbox
from crawler.storage.sqlite_retry import SqliteGivenUp
from crawler.storage.sqlite_rows import SqliteRows
from crawler.storage.sqlite_seen import SqliteSeen

#: Times that a page may end the process before it is given up.
CRASH_BUDGET = 3


class SqliteTables:
    """An open database, its counts, and what the last transaction was.

    Args:
        path: The database file; made if it is not there.
        durability: "process" or "power_loss", see `open_database`.

    Attributes:
        books: Counts as of the last commit; replaced by each, never changed.
        commit_no: Number of the last commit.
        hosts: Numbers and states of hosts.
        cookies: The jar.
        items: What is known of items.
        outbox: Items that wait for their transforms.
        seen: The seen-set as far as it is in the tables.
        memory: What is known of pages from earlier runs.
        remembers: The job is incremental: rows are read with what is remembered of their pages.
        keeps_links: What each page leads to is kept, over all runs.

    Raises:
        StateError: The file is damaged, foreign, or of a newer version.
    """

    def __init__(self, path: Path, durability: str) -> None:
        self.books = Books()
        self._db = open_database(path, durability)
        try:
            self.commit_no = self._number("commit_no")
            self.hosts = SqliteHosts(self._db)
        except BaseException:
            self._db.close()
            raise
        self._rows = SqliteRows(self._db, self.hosts)
        self.cookies = SqliteCookies(self._db)
        self.items = SqliteItems(self._db)
        self.outbox = SqliteOutbox(self._db)
        self.seen = SqliteSeen(self._db)
        self.memory = SqliteMemory(self._db)
        self.remembers = self.keeps_links = False

    # Settings

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a stored setting."""
        row = self._db.execute("SELECT value FROM setting WHERE name=?", (name,)).fetchone()
        return default if row is None else row[0]

    def _number(self, name: str) -> int:
        value = self.setting(name)
        if not isinstance(value, int):
            raise ValueError(f"its setting {name} is no number")
        return value

    def put_setting(self, name: str, value: Any) -> None:
        """Store a setting."""
        self._db.execute(schema.PUT_SETTING, (name, value))

    # Begin and end of a run

    def marks(self) -> tuple[Mark, ...]:
        """Return the committed lengths of the run's outputs."""
        return tuple(Mark(*row) for row in self._db.execute("SELECT * FROM mark"))

    def given_up(self) -> SqliteGivenUp:
        """Return the requests that the last run gave up."""
        return SqliteGivenUp(self._db, self.setting("first_row", 0))

    def begin_new(self, start: RunStart) -> None:
        """Make room for a new run; what earlier ones learnt stays."""
        self._begin_empty(start, self.last_row() + 1)

    def begin_refresh(self, start: RunStart) -> None:
        """Begin a run to which every page belongs that earlier ones found alive or failing."""
        self._begin_empty(start, 1, lambda: self.memory.revive(start.overdue))

    def _begin_empty(
        self, start: RunStart, first: int, revive: Callable[[], None] | None = None
    ) -> None:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        if revive is None:
            db.execute(f"UPDATE request SET state={schema.HISTORY}, not_before=NULL WHERE state=0")
        else:
            revive()
        for table in ("run_seen", "cookie", "mark", "outbox"):
            db.execute(f"DELETE FROM {table}")
        if not self.keeps_links:
            self.forget_links()
        self.seen.forget()
        self._put_new_run(start)
        self.put_setting("first_row", first)
        self.put_setting("run_mode", "fresh" if revive is None else "refresh")
        self.books = Books() if revive is None else self.audit()
        self.put_setting("run_due", 0 if revive is None else self.memory.due())
        for name in ("tally", "spider_state", "retry_of"):
            db.execute("DELETE FROM setting WHERE name=?", (name,))
        if revive is not None and start.tally is not None:
            self.put_setting("tally", start.tally)
        self._put_books(self.books)
        reached_in_database("begin.before")
        db.execute("COMMIT")
        reached_in_database("begin.after")

    def begin_retry(self, start: RunStart) -> list[QueuedRequest]:
        """Begin a run that takes over the rows of the last one; return those to run alone."""
        db, last = self._db, self.setting("run_id")
        db.execute("BEGIN IMMEDIATE")
        crashed = self.given_up().revive(start.classes)
        self.seen.forget()
        self._put_new_run(start)
        self._put_run(retry_of=last, tally=start.tally, run_mode="retry")
        db.executemany(schema.PUT_MARK, [msgspec.structs.astuple(mark) for mark in start.marks])
        self.books = self.audit()
        self._put_books(self.books)
        reached_in_database("begin.before")
        db.execute("COMMIT")
        reached_in_database("begin.after")
        return [self._ready(row) for row in crashed]

    def _put_new_run(self, start: RunStart) -> None:
        self._put_run(
            run_id=start.run_id, run_settings=start.settings, run_started=start.now,
            run_state="open", config=start.config, run_no=self.setting("run_no", 0) + 1,
        )  # fmt: skip

    def begin_again(self, config: str, now: float) -> None:
        """Go on with the run that did not end; the clock may have been set back since."""
        self.books = msgspec.json.decode(self.setting("books"), type=Books)
        reached_in_database("again.before")
        self._db.execute(schema.PULL_IN, {"now": now})
        self._put_run(run_state="open", config=config)
        reached_in_database("again.after")

    def _put_run(self, **settings: Any) -> None:
        for name, value in settings.items():
            self.put_setting(name, value)

    def end(self, intake: Intake | None, *, finished: bool) -> None:
        """Close; `finished` says that the run is not to be resumed."""
        self._db.execute("BEGIN IMMEDIATE")
        if finished:
            self.put_setting("last_marks", msgspec.json.encode(self.marks()))
            self._db.execute("DELETE FROM mark")
        elif intake is not None:
            self.seen.settle(intake.seen, intake.last_row, self.commit_no)
        self.put_setting("run_state", "finished" if finished else "interrupted")
        reached_in_database("end.before")
        self._db.execute("COMMIT")
        reached_in_database("end.after")
        with contextlib.suppress(sqlite3.Error):  # what is committed is safe in the log as well
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        reached_in_database("checkpoint.after")
        self._db.close()

    def abandon(self) -> None:
        """Close without a word in the state, as after an error."""
        self._db.close()

    # What there is

    def last_row(self) -> int:
        """Return the highest row id, 0 for none."""
        return self._db.execute("SELECT max(id) FROM request").fetchone()[0] or 0

    def load_seen(self) -> SeenSet:
        """Return the run's seen-set."""
        return self.seen.load(self._number("first_row"))

    def next_due(self, now: float, leave: frozenset[int]) -> float | None:
        """Return when the next retry is due; None for never.

        Those in `leave` do not count, unless their time is to come: such a row has been made a
        retry by a commit of which the caller did not know yet.
        """
        for row, due in self._db.execute(schema.DUE_TIMES):
            if due > now or row not in leave:
                return float(due)
        return None

    def take(self, host: str, limit: int, leave: frozenset[int]) -> list[QueuedRequest]:
        """Return the best ready rows of a host."""
        host_id = self.hosts.ids.get(host)
        sql = schema.TAKE_REMEMBERED if self.remembers else schema.TAKE
        rows = self._db.execute(sql, (host_id, limit + len(leave))).fetchall()
        return [queued_from(row) for row in rows if row[0] not in leave][:limit]

    def end_ready(self, host: str, end: HostEnd, leave: frozenset[int]) -> int:
        """End ready rows of a host."""
        host_id = self.hosts.ids.get(host)
        self.books, ended = end_ready(self._db, self.books, host_id, end, leave)
        return ended

    def due(self, now: float, limit: int, leave: frozenset[int]) -> list[QueuedRequest]:
        """Return retries whose time has come."""
        sql = schema.DUE_REMEMBERED if self.remembers else schema.DUE
        rows = self._db.execute(sql, (now, limit + len(leave))).fetchall()
        return [queued_from(row) for row in rows if row[0] not in leave][:limit]

    def audit(self) -> Books:
        """Count the run's rows by state."""
        books = Books()
        first = {"first": self._number("first_row")}
        for state, reason, rows in self._db.execute(schema.AUDIT, first):
            books.known += rows
            count(books, state, reason, rows)
        return books

    def ledger(self, visit: Callable[[LedgerLine], None]) -> None:
        """Call `visit` for every request of the run."""
        first = {"first": self._number("first_row")}
        for row in self._db.execute(schema.LEDGER, first):
            visit(ledger_line(row))

    # The transaction

    def write(
        self, batch: Batch, admitted: Admitted, marks: Sequence[Mark], intake: Intake
    ) -> Committed:
        """Write a batch whole, or nothing of it."""
        db, books = self._db, copied(self.books)
        db.execute("BEGIN IMMEDIATE")
        try:
            reached_in_database("commit.begin")
            self._rows.end(batch.pages, books)
            woken = self.memory.put(batch.pages, admitted) if self.remembers else ()
            self._rows.add(admitted, books, self.commit_no + 1)
            children = [(row, pack_rows(rows)) for row, rows in admitted.children.items()]
            db.executemany(schema.PUT_CHILDREN, children)
            improved = improve(admitted.improved, SqliteKnownRows(db, books), intake)
            renewed, late = self.memory.renew(admitted) if admitted.known_otherwise else ([], [])
            new, number = len(admitted.rows), self.commit_no + 1
            self.seen.keep(intake.seen, new, intake.last_row, number)
            self._put_rest(batch, marks)
            waiting, doubles = self.outbox.change(batch), self.items.change(batch.items)
            self.put_setting("commit_no", number)
            self._put_books(books)
            reached_in_database("commit.before")
            db.execute("COMMIT")
            reached_in_database("commit.after")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            self.hosts.reload()
            raise
        self.books = books
        self.commit_no += 1
        special = improved.moved.keys() | admitted.revived
        added = [
            self._ready(row.id) if special and row.id in special else queued(row)
            for row in admitted.rows
            if not row.state  # pending
        ]
        return Committed(
            waiting=waiting,
            doubles=doubles,
            added=added + [self._ready(row) for row in (*improved.revived, *woken, *late)],
            moved=[self._ready(row) for row in (*improved.moved, *renewed)],
            label_conflicts=admitted.label_conflicts + improved.label_conflicts,
        )

    def _put_rest(self, batch: Batch, marks: Sequence[Mark]) -> None:
        db = self._db
        self.hosts.put_states(batch.hosts)
        self.cookies.put(batch.cookies)
        db.executemany(schema.PUT_MARK, [msgspec.structs.astuple(mark) for mark in marks])
        if batch.spider_state is not None:
            self.put_setting("spider_state", batch.spider_state)
        if batch.tally is not None:
            self.put_setting("tally", batch.tally)

    def _put_books(self, books: Books) -> None:
        self.put_setting("books", msgspec.json.encode(books))

    def unfound(self, intake: Intake | None, *, unled: bool) -> dict[str, int]:
        """Make rows ready that waited for a link in vain; return ready rows by host."""
        woken = self.memory.leave_to_none()
        if intake is not None:
            intake.wait_no_more()
        if not woken and unled and self.keeps_links:
            woken = self.memory.wake_unled()
        return self.hosts.pending() if woken else {}

    def forget_links(self) -> None:
        """Forget what pages led to."""
        self._db.execute("DELETE FROM children")

    def _ready(self, row: int) -> QueuedRequest:
        """Return a row as it would be taken."""
        sql = schema.ONE_REMEMBERED if self.remembers else schema.ONE
        return queued_from(self._db.execute(sql, (row,)).fetchone())

    def suspect(self, rows: Sequence[int], now: float) -> list[QueuedRequest]:
        """Count a crash against rows; return those that may run once more, alone."""
        db, books, again = self._db, copied(self.books), []
        db.execute("BEGIN IMMEDIATE")
        for row in rows:
            if not db.execute(schema.COUNT_CRASH, (row,)).rowcount:
                continue
            request = self._ready(row)
            if request.crashes < CRASH_BUDGET:
                again.append(request)
                continue
            message = f"its callback was running {request.crashes} times when the process ended"
            page = PageCommit(id=row, state=State.DEAD, reason=ErrorClass.CRASH, error=message,
                              attempts=request.attempts, at=now)  # fmt: skip
            self._rows.end([page], books)
        # Counted as a commit: a kill before the notes are cleared does not count the crash twice.
        self.put_setting("commit_no", self.commit_no + 1)
        self._put_books(books)
        reached_in_database("suspects.before")
        db.execute("COMMIT")
        reached_in_database("suspects.after")
        self.books = books
        self.commit_no += 1
        return again
