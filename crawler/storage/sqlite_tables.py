"""The SQL side of the SQLite store. Every method runs on the store's one writer thread.

Nothing here decides: `crawler.storage.intake` says which rows are new, the engine says how each
ended. The books are counted along with the rows, in the same transaction.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from crawler.errors import StateError
from crawler.frontier.seen_set import SeenSet, pack
from crawler.interfaces import Batch, Books, Committed, LedgerLine, Mark, PageCommit
from crawler.messages import QueuedRequest, StoredCookie
from crawler.outcome import ErrorClass, SkipReason, State
from crawler.storage import schema
from crawler.storage.intake import Admitted, Improvement, Intake, NewRow, label_note
from crawler.storage.rows import (
    cookie_from,
    ledger_line,
    pack_rows,
    queued_from,
    signed,
    unpack_rows,
    unsigned,
)

_SYNCHRONOUS = {"process": "NORMAL", "power_loss": "FULL"}
#: Times that a page may end the process before it is given up.
CRASH_BUDGET = 3


class SqliteTables:
    """An open database, its counts, and what the last transaction was.

    Args:
        path: The database file; made if it is not there.
        durability: "process" (survives the process's death) or "power_loss" (the machine's).

    Raises:
        StateError: The file is damaged, foreign, or of a newer version.
    """

    def __init__(self, path: Path, durability: str) -> None:
        self._path = path
        self.books = Books()
        self.commit_no = 0
        self._host_ids: dict[str, int] = {}
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._prepare(durability)
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> StateError:
        return StateError(
            f"{self._path}: {error}. The file was left as it is; move it away to begin anew"
        )

    def _prepare(self, durability: str) -> None:
        db = self._db
        application, version = (
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        empty = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if not empty and application != schema.APPLICATION_ID:
            raise StateError(f"{self._path} is not a state file of this program; it was left as it is")
        if version > schema.VERSION:
            raise StateError(
                f"{self._path} was written by a newer version (state version {version}, this"
                f" program knows {schema.VERSION}); upgrade, or use another --dir"
            )
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA synchronous={_SYNCHRONOUS[durability]}")
        db.execute("PRAGMA wal_autocheckpoint=4000")  # 16 MiB: fewer, larger checkpoints
        db.execute("PRAGMA cache_size=-65536")
        db.execute("PRAGMA temp_store=MEMORY")
        if empty:
            db.executescript(f"BEGIN; {schema.TABLES} COMMIT;")
            db.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
            db.execute(f"PRAGMA user_version={schema.VERSION}")
            self.put_setting("seed", os.urandom(8))
            self.put_setting("commit_no", 0)
        self.commit_no = self.setting("commit_no", 0)
        self._host_ids = dict(db.execute("SELECT name, id FROM host"))

    # Settings

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a stored setting."""
        row = self._db.execute("SELECT value FROM setting WHERE name=?", (name,)).fetchone()
        return default if row is None else row[0]

    def put_setting(self, name: str, value: Any) -> None:
        """Store a setting."""
        self._db.execute(schema.PUT_SETTING, (name, value))

    # Begin and end of a run

    def marks(self) -> tuple[Mark, ...]:
        """Return the committed lengths of the run's outputs."""
        return tuple(Mark(*row) for row in self._db.execute("SELECT * FROM mark"))

    def begin_new(self, run_id: str, settings: bytes, now: float) -> None:
        """Make room for a new run; what earlier ones learnt stays."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"UPDATE request SET state={schema.HISTORY}, not_before=NULL WHERE state=0")
        for table in ("run_seen", "children", "cookie", "mark"):
            db.execute(f"DELETE FROM {table}")
        self.books = Books()
        self._put_run(run_id=run_id, run_settings=settings, run_started=now, run_state="open")
        self.put_setting("first_row", self.last_row() + 1)
        for name in ("tally", "spider_state"):
            db.execute("DELETE FROM setting WHERE name=?", (name,))
        self._put_books()
        db.execute("COMMIT")
        if self.last_row():
            db.execute(schema.KEY_INDEX)

    def begin_again(self) -> None:
        """Go on with the run that did not end."""
        self.books = msgspec.json.decode(self.setting("books"), type=Books)
        self._put_run(run_state="open")

    def _put_run(self, **settings: Any) -> None:
        for name, value in settings.items():
            self.put_setting(name, value)

    def end(self, *, finished: bool) -> None:
        """Close; `finished` says that the run is not to be resumed."""
        if finished:
            self._db.execute("DELETE FROM mark")
        self.put_setting("run_state", "finished" if finished else "interrupted")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
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
        seen = SeenSet()
        first = {"first": self.setting("first_row")}
        for key, row, depth, rank in self._db.execute(schema.SEEN, first):
            seen.put(unsigned(key), pack(row, depth, label_note(rank)))
        return seen

    def history(self, keys: list[int]) -> dict[int, int]:
        """Return the rows that earlier runs left for these fingerprints."""
        found: dict[int, int] = {}
        for start in range(0, len(keys), 500):
            part = [signed(key) for key in keys[start : start + 500]]
            marks = ",".join("?" * len(part))
            sql = f"SELECT key, id FROM request WHERE key IN ({marks})"  # noqa: S608 - only marks
            found.update((unsigned(key), row) for key, row in self._db.execute(sql, part))
        return found

    def host_states(self) -> dict[str, bytes]:
        """Return the politeness state of every host that has one."""
        return dict(self._db.execute("SELECT name, state FROM host WHERE state IS NOT NULL"))

    def cookies(self) -> list[StoredCookie]:
        """Return the jar's rows."""
        return [cookie_from(row) for row in self._db.execute("SELECT * FROM cookie")]

    def pending_by_host(self) -> dict[str, int]:
        """Return ready rows per host."""
        return dict(self._db.execute(schema.PENDING_BY_HOST))

    def next_due(self, leave: frozenset[int] = frozenset()) -> float | None:
        """Return when the earliest retry is due, but those in `leave`; None for never."""
        for row, due in self._db.execute(schema.DUE_TIMES):
            if row not in leave:
                return float(due)
        return None

    def take(self, host: str, limit: int, leave: frozenset[int]) -> list[QueuedRequest]:
        """Return the best ready rows of a host."""
        host_id = self._host_ids.get(host)
        rows = self._db.execute(schema.TAKE, (host_id, limit + len(leave))).fetchall()
        return [queued_from(row) for row in rows if row[0] not in leave][:limit]

    def due(self, now: float, limit: int, leave: frozenset[int]) -> list[QueuedRequest]:
        """Return retries whose time has come."""
        rows = self._db.execute(schema.DUE, (now, limit + len(leave))).fetchall()
        return [queued_from(row) for row in rows if row[0] not in leave][:limit]

    def one(self, row: int) -> QueuedRequest | None:
        """Return a row as it would be taken."""
        found = self._db.execute(schema.ONE, (row,)).fetchone()
        return None if found is None else queued_from(found)

    def audit(self) -> Books:
        """Count the run's rows by state."""
        books = Books()
        first = {"first": self.setting("first_row")}
        for state, reason, count in self._db.execute(schema.AUDIT, first):
            books.known += count
            if state == State.SKIPPED:
                books.skipped[reason] = count
            else:
                name = State(state).name.lower()
                setattr(books, name, getattr(books, name) + count)
        return books

    def ledger(self, visit: Callable[[LedgerLine], None]) -> None:
        """Call `visit` for every request of the run."""
        first = {"first": self.setting("first_row")}
        for row in self._db.execute(schema.LEDGER, first):
            visit(ledger_line(row))

    # The transaction

    def write(
        self, batch: Batch, admitted: Admitted, marks: Sequence[Mark], intake: Intake
    ) -> Committed:
        """Write a batch whole, or nothing of it."""
        db = self._db
        books = msgspec.json.decode(msgspec.json.encode(self.books), type=Books)
        db.execute("BEGIN IMMEDIATE")
        try:
            self._end_pages(batch.pages)
            fresh = self._add_rows(admitted)
            moved, conflicts = self._improve(admitted.improved, intake)
            db.executemany(
                "INSERT OR REPLACE INTO children VALUES (?,?)",
                [(row, pack_rows(rows)) for row, rows in admitted.children.items()],
            )
            self._put_rest(batch, marks)
            self.commit_no += 1
            self.put_setting("commit_no", self.commit_no)
            self._put_books()
            db.execute("COMMIT")
        except BaseException:
            self.books = books
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        added = [self._queued(row, admitted) for row in fresh if row.state == State.PENDING]
        again = [request for request in moved if request.id in self._revived]
        return Committed(
            added=added + again,
            moved=[request for request in moved if request.id not in self._revived],
            label_conflicts=admitted.label_conflicts + conflicts,
        )

    def _end_pages(self, pages: Iterable[PageCommit]) -> None:
        rows = [
            (p.state, p.reason, p.error, p.status, p.attempts, p.not_before, p.size, p.ms, p.fetched,
             p.id)  # fmt: skip
            for p in pages
            if p.id
        ]
        self._db.executemany(schema.END_ROW, rows)
        for state, reason, *_ in rows:
            if state != State.PENDING:
                self.books.pending -= 1
                self._count(State(state), reason, 1)

    def _count(self, state: State, reason: str | None, change: int) -> None:
        books = self.books
        if state == State.SKIPPED:
            name = reason or SkipReason.IGNORED
            books.skipped[name] = books.skipped.get(name, 0) + change
        else:
            field = state.name.lower()
            setattr(books, field, getattr(books, field) + change)

    def _add_rows(self, admitted: Admitted) -> list[NewRow]:
        rows = admitted.rows
        if not rows:
            return rows
        ids = self._host_ids
        for name in {row.host for row in rows} - ids.keys():
            made = self._db.execute("INSERT INTO host (name) VALUES (?)", (name,)).lastrowid
            ids[name] = made or 0
        plain = [
            (r.id, signed(r.key), ids[r.host], r.depth, r.url, r.parent)
            for r in rows
            if r.plain and r.id not in admitted.revived
        ]
        # Sorted by host, neighbours in the batch are neighbours in the index of pending rows.
        plain.sort(key=itemgetter(2))
        self._db.executemany(schema.INSERT_PLAIN, plain)
        if len(plain) < len(rows):
            self._add_special(admitted)
        self.books.known += len(rows)
        for (state, reason), count in Counter((row.state, row.reason) for row in rows).items():
            self._count(State(state), reason, count)
        return rows

    def _add_special(self, admitted: Admitted) -> None:
        """Write rows that are more than a plain link, and those that earlier runs left."""
        ids, revived = self._host_ids, admitted.revived
        new = [r for r in admitted.rows if r.id not in revived and not r.plain]
        self._db.executemany(
            schema.INSERT_ROW, [(r[0], signed(r[1]), ids[r[2]], *r[3:]) for r in new]
        )
        if revived:
            old = [r for r in admitted.rows if r.id in revived]
            self._db.executemany(schema.REVIVE_ROW, [(*r[3:9], *r[9:15], r.id) for r in old])
            self._db.executemany(schema.INSERT_SEEN, [(r.id,) for r in old])

    def _improve(
        self, improved: Sequence[Improvement], intake: Intake
    ) -> tuple[list[QueuedRequest], int]:
        """Give known rows their better depth and label; a done page hands its depth on."""
        self._revived: set[int] = set()
        moved: dict[int, None] = {}
        conflicts = 0
        work = list(improved)
        while work:
            better = work.pop()
            row = self._db.execute(
                "SELECT state, reason FROM request WHERE id=?", (better.row,)
            ).fetchone()
            state, reason = row
            if better.label is not None and state != State.PENDING:
                conflicts += 1
            self._db.execute("UPDATE request SET depth=? WHERE id=?", (better.depth, better.row))
            if state == State.PENDING:
                moved[better.row] = None
                if better.label is not None:
                    self._db.execute(
                        "UPDATE request SET label=?, label_rank=? WHERE id=?",
                        (better.label, better.label_rank, better.row),
                    )
            elif reason == SkipReason.DEPTH and better.depth <= (intake.max_depth or 0):
                self._db.execute(
                    "UPDATE request SET state=0, reason=NULL WHERE id=?", (better.row,)
                )
                self._count(State.SKIPPED, reason, -1)
                self._count(State.PENDING, None, 1)
                self._revived.add(better.row)
                moved[better.row] = None
            elif state == State.DONE and intake.max_depth is not None:
                work += self._children_of(better, intake)
        requests = (self.one(row) for row in moved)
        return [request for request in requests if request is not None], conflicts

    def _children_of(self, page: Improvement, intake: Intake) -> list[Improvement]:
        """Return the links of a done page that its better depth improves."""
        found = self._db.execute("SELECT rows FROM children WHERE row=?", (page.row,)).fetchone()
        better = []
        for row in unpack_rows(found[0]) if found else ():
            stored = self._db.execute("SELECT key FROM request WHERE id=?", (row,)).fetchone()
            key = unsigned(stored[0])
            if intake.found_at(key, page.depth + 1):
                better.append(Improvement(row, key, page.depth + 1, 0, None))
        return better

    def _put_rest(self, batch: Batch, marks: Sequence[Mark]) -> None:
        db = self._db
        if batch.hosts:
            for name in batch.hosts.keys() - self._host_ids.keys():
                made = db.execute("INSERT INTO host (name) VALUES (?)", (name,)).lastrowid
                self._host_ids[name] = made or 0
            pairs = [(state, self._host_ids[name]) for name, state in batch.hosts.items()]
            db.executemany(schema.PUT_HOST_STATE, pairs)
        for cookie in batch.cookies:
            if cookie.expires is not None and cookie.expires <= cookie.created:
                db.execute(schema.DROP_COOKIE, (cookie.domain, cookie.path, cookie.name))
            else:
                db.execute(schema.PUT_COOKIE, msgspec.structs.astuple(cookie))
        db.executemany(schema.PUT_MARK, [msgspec.structs.astuple(mark) for mark in marks])
        if batch.spider_state is not None:
            self.put_setting("spider_state", batch.spider_state)
        if batch.tally is not None:
            self.put_setting("tally", batch.tally)

    def _put_books(self) -> None:
        self.put_setting("books", msgspec.json.encode(self.books))

    def _queued(self, row: NewRow, admitted: Admitted) -> QueuedRequest:
        if row.id in admitted.revived:  # its fetch number goes on where earlier runs left it
            revived = self.one(row.id)
            if revived is not None:
                return revived
        return QueuedRequest(
            id=row.id, key=row.key, url=row.url, host=row.host, method=row.method or "GET",
            body=row.body or b"", rank=row.rank, depth=row.depth, label=row.label,
            parent=row.parent, is_start=row.is_start, payload=row.payload,
        )  # fmt: skip

    def suspect(self, rows: Sequence[int]) -> list[QueuedRequest]:
        """Count a crash against rows; return those that may run once more, alone."""
        again = []
        for row in rows:
            self._db.execute("UPDATE request SET crashes=crashes+1 WHERE id=? AND state=0", (row,))
            request = self.one(row)
            pending = self._db.execute("SELECT state FROM request WHERE id=?", (row,)).fetchone()
            if request is None or pending[0] != State.PENDING:
                continue
            if request.crashes < CRASH_BUDGET:
                again.append(request)
                continue
            message = f"its callback was running {request.crashes} times when the process ended"
            self._end_pages(
                [PageCommit(id=row, state=State.DEAD, reason=ErrorClass.CRASH, error=message,
                            attempts=request.attempts)]  # fmt: skip
            )
            self._put_books()
        return again
