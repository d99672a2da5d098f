"""What a job has learnt over all its runs, out of its database and into a new one, as JSON lines.

The first line says what it is, one follows for each row, and the last tells how many there are, so
that a file that was cut is never taken for a whole one. What belongs to a run (queues, outputs,
cookies, how hosts behave on this machine) stays where it is.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from crawler.damage import UNREADABLE
from crawler.errors import StateError
from crawler.fail_points import reached
from crawler.storage import schema
from crawler.storage.complaint import complaint
from crawler.storage.sqlite_file import open_database

#: Form of the file, beside the version of the tables that it tells of.
FORM = 1
#: Tables whose rows are learnt, in an order in which they can be read again.
_TABLES = ("setting", "host", "request", "memory", "known_item")
_OF_A_RUN = frozenset(
    (
        "books", "commit_no", "config", "first_row", "last_marks", "retry_of", "run_due", "run_id",
        "run_mode", "run_settings", "run_started", "run_state", "spider_state", "tally",
    )
)  # fmt: skip
#: Columns that tell of this machine, or of the last run.
_LEFT_OUT = {"host": ("state",), "request": ("not_before", "attempts", "crashes", "urgency")}
_GOING = ("open", "interrupted")
_encode = msgspec.json.Encoder().encode


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line.

    Attributes:
        crawler_state: Form of the file.
        version: Of the tables it tells of.
        job: Name of the job.
        exported: When, RFC 3339.
    """

    crawler_state: int
    version: int
    job: str
    exported: str


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    table: str = ""
    row: dict[str, Any] = {}
    rows: int | None = None


class Companion(Protocol):
    """Another list of the job, whose rows stand behind those of the database.

    Attributes:
        table: What its rows are called.
    """

    table: str

    def put(self, row: dict[str, Any]) -> None:
        """Take a row in, aside.

        Raises:
            ValueError: It is none.
            StateError: It cannot be written.
        """
        ...

    def place(self) -> None:
        """Put the list in its place: all rows are there.

        Raises:
            StateError: It cannot be.
        """
        ...


_line_of = msgspec.json.Decoder(_Line).decode


class Learnt:
    """A job's database, for who holds the job's lock; use it in a `with`.

    Args:
        path: The file; it must be there. An older version is brought up.

    Raises:
        StateError: It is damaged, foreign or newer than this program.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = open_database(path, "power_loss")

    def __enter__(self) -> Learnt:
        return self

    def __exit__(self, *raised: object) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    @property
    def going(self) -> str | None:
        """The run that did not come to its end, None for none."""
        with self._complaining():
            found: dict[str, Any] = dict(self._db.execute("SELECT name, value FROM setting"))
        return str(found.get("run_id")) if found.get("run_state") in _GOING else None

    def lines(
        self, head: Head, beside: Iterable[Mapping[str, Any]] = (), named: str = ""
    ) -> Iterator[bytes]:
        """Yield what was learnt, a line each, without line breaks.

        Args:
            head: The first line.
            beside: Rows of another list of the job.
            named: What these are called, see `Companion`.
        """
        yield _encode(head)
        number = 0
        with self._complaining():
            for table in _TABLES:
                columns = self._columns(table)
                rows = self._db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1")
                for row in rows:
                    if table == "setting" and row[0] in _OF_A_RUN:
                        continue
                    number += 1
                    yield _encoded(table, zip(columns, row, strict=True))
        for one in beside:
            number += 1
            yield _encoded(named, one.items())
        yield _encode(_Line(rows=number))

    def _columns(self, table: str) -> list[str]:
        out = _LEFT_OUT.get(table, ())
        found = self._db.execute(f"PRAGMA table_info({table})")
        return [name for _, name, *_ in found if name not in out]

    def forget(self, pages: Mapping[str, int]) -> set[str]:
        """Forget pages, and the items that they gave; return those that were known.

        What leads to such a page finds it as if for the first time.

        Args:
            pages: Address of each, whatever the request, to its fingerprint as the store has it.
        """
        found: dict[str, list[int]] = {}
        sql = "SELECT id FROM request WHERE key=? OR url=?"
        with self._complaining():
            for url, key in pages.items():
                found[url] = [row for (row,) in self._db.execute(sql, (key, url))]
            self._drop(sorted({row for rows in found.values() for row in rows}))
        return {url for url, rows in found.items() if rows}

    def _drop(self, rows: list[int]) -> None:
        reached("state.forget.before")
        ids = [(row,) for row in rows]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("DELETE FROM known_item WHERE page=?", ids)
        self._db.executemany("DELETE FROM memory WHERE row=?", ids)
        # The row stays, as other rows name it; one of history is no run's until a link finds it.
        self._db.executemany(f"UPDATE request SET state={schema.HISTORY} WHERE id=?", ids)
        self._db.execute("DELETE FROM seen_part")
        self._db.execute("COMMIT")
        reached("state.forget.after")

    @property
    def seed(self) -> int:
        """What the fingerprints of this store begin with."""
        with self._complaining():
            (seed,) = self._db.execute("SELECT value FROM setting WHERE name='seed'").fetchone()
        return int.from_bytes(seed, "big")

    @contextlib.contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise complaint(self._path, error) from error


def take_in(
    lines: Iterable[bytes], source: str, path: Path, beside: Companion | None = None
) -> int:
    """Make a new database of what another one had learnt; return how many rows it has.

    It is made aside and put in its place once it is whole, behind what lies beside it.

    Args:
        lines: As `Learnt.lines` gave them; line breaks at their ends do no harm.
        source: What to call them in an error.
        path: The database; there must be none.
        beside: Another list of the job, for rows that are its.

    Raises:
        StateError: The lines are no such thing, are newer than this program, or are cut; or the
            database cannot be written. Nothing is left.
    """
    aside = path.with_name(f"{path.name}.import")
    _clear(aside)
    try:
        db = open_database(aside, "power_loss")
        try:
            count = _fill(db, lines, source, beside)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            db.close()
        reached("state.import.before")
        if beside is not None:
            beside.place()
        aside.replace(path)
        reached("state.import.after")
    except sqlite3.Error as error:
        raise complaint(path, error) from error
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error
    finally:
        _clear(aside)
    return count


def _clear(aside: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            Path(f"{aside}{ending}").unlink()


def _fill(
    db: sqlite3.Connection, lines: Iterable[bytes], source: str, beside: Companion | None
) -> int:
    numbered = enumerate(lines, 1)
    _, first = next(numbered, (1, b""))
    _check_head(first, source)
    known = {
        table: {name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")}
        for table in _TABLES
    }
    count, told = 0, None
    db.execute("BEGIN IMMEDIATE")
    for number, raw in numbered:
        if told is not None:
            raise StateError(f"{source}:{number}: something follows the last line")
        try:
            line = _line_of(raw)
            told = line.rows
            if told is None:
                if beside is not None and line.table == beside.table:
                    beside.put({name: _from_json(value) for name, value in line.row.items()})
                else:
                    _put(db, line, known)
                count += 1
        except (*UNREADABLE, ValueError, OverflowError, sqlite3.Error) as error:
            raise StateError(
                f"{source}:{number} is no line of an exported state: {error}"
            ) from error
    if told != count:
        raise StateError(f"{source} is cut: it has {count:,} rows, and its end is missing")
    db.execute("COMMIT")
    return count


def _check_head(raw: bytes, source: str) -> None:
    try:
        head = msgspec.json.decode(raw, type=Head)
    except UNREADABLE as error:
        raise StateError(f"{source} is no exported state (`crawler state export`)") from error
    if head.crawler_state > FORM or head.version > schema.VERSION:
        raise StateError(
            f"{source} was written by a newer version (state version {head.version}, this program"
            f" knows {schema.VERSION}); upgrade"
        )


def _put(db: sqlite3.Connection, line: _Line, known: dict[str, set[str]]) -> None:
    if line.table not in known:
        raise ValueError(f"there is no table {line.table!r}")
    strange = line.row.keys() - known[line.table]
    if strange or not line.row:
        raise ValueError(f"{line.table} has no column {min(strange, default='')!r}")
    if line.table == "setting" and line.row.get("name") in _OF_A_RUN:
        raise ValueError(f"setting {line.row['name']!r} belongs to a run")
    names = ", ".join(line.row)
    marks = ", ".join("?" * len(line.row))
    values = [_from_json(value) for value in line.row.values()]
    # The seed of the fingerprints, with which each database begins, is the exported one's.
    how = "INSERT OR REPLACE" if line.table == "setting" else "INSERT"
    db.execute(f"{how} INTO {line.table} ({names}) VALUES ({marks})", values)


def _encoded(table: str, values: Iterable[tuple[str, Any]]) -> bytes:
    return _encode(
        _Line(table, {name: _to_json(value) for name, value in values if value is not None})
    )


def _to_json(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if list(value) != ["base64"] or not isinstance(value["base64"], str):
            raise ValueError("a value is neither text nor number nor base64")
        try:
            return base64.b64decode(value["base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"a value is no base64: {error}") from error
    if isinstance(value, list):
        raise ValueError("a value is a list")
    return value
