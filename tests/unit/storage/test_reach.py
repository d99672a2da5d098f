from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crawler.outcome import SkipReason, State
from crawler.page_memory import NOT_DUE
from crawler.storage.rows import pack_rows
from crawler.storage.sqlite_file import open_database
from crawler.storage.sqlite_reach import unled

DONE, FAILED, DEAD, SKIPPED = State.DONE, State.FAILED, State.DEAD, State.SKIPPED


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A start (1) that leads to 2 and 3; 3 leads to 4; nothing leads to 5 and 6 but themselves."""
    with closing(open_database(tmp_path / "crawl.sqlite", "process")) as db:
        for row in range(1, 7):
            put(db, row, is_start=row == 1)
        links = {1: [2, 3], 2: [1], 3: [4, 1], 4: [], 5: [6, 2], 6: [5, 6]}
        for row, led_to in links.items():
            leads(db, row, *led_to)
        yield db


def put(db: sqlite3.Connection, row: int, *, is_start: bool = False, fetched: float = 1.0) -> None:
    db.execute(
        "INSERT INTO request (id, key, host, state, rank, depth, label_rank, url, parent, is_start)"
        " VALUES (?, ?, 1, 1, 0, 0, 0, ?, 0, ?)",
        (row, row, f"http://a/{row}", is_start),
    )
    db.execute(
        "INSERT INTO memory (row, first_seen, fetched, changed, interval) VALUES (?, 1, ?, 1, 1)",
        (row, fetched),
    )


def leads(db: sqlite3.Connection, row: int, *rows: int) -> None:
    db.execute("INSERT OR REPLACE INTO children VALUES (?, ?)", (row, pack_rows(list(rows))))


def stands(
    db: sqlite3.Connection, row: int, state: int, reason: str | None = None, urgency: int = 0
) -> None:
    sql = "UPDATE request SET state=?, reason=?, urgency=? WHERE id=?"
    db.execute(sql, (state, reason, urgency, row))


def test_pages_that_lead_to_nothing_but_each_other_are_led_to_by_none(
    db: sqlite3.Connection,
) -> None:
    assert unled(db, 1) == {5, 6}


def test_pages_that_are_not_due_count_whether_they_are_settled_or_not(
    db: sqlite3.Connection,
) -> None:
    stands(db, 5, State.PENDING, urgency=NOT_DUE)
    stands(db, 6, SKIPPED, SkipReason.NOT_DUE)
    stands(db, 3, State.PENDING, urgency=NOT_DUE)

    assert unled(db, 1) == {5, 6}


@pytest.mark.parametrize(
    ("state", "reason"), [(DEAD, "timeout"), (FAILED, "status"), (SKIPPED, "robots")]
)
def test_a_page_that_cannot_be_had_leads_where_it_led(
    db: sqlite3.Connection, state: State, reason: str
) -> None:
    stands(db, 3, state, reason)

    assert unled(db, 1) == {5, 6}


def test_only_what_is_alive_is_of_interest(db: sqlite3.Connection) -> None:
    stands(db, 5, FAILED, "status")
    db.execute("UPDATE memory SET news=1 WHERE row=6")  # a list that leaves pages out led there

    assert unled(db, 1) == set()


@pytest.mark.parametrize("row", [1, 3])
def test_where_a_page_is_in_the_way_whose_links_nobody_knows_nothing_is_said(
    db: sqlite3.Connection, row: int
) -> None:
    db.execute("DELETE FROM children WHERE row=?", (row,))

    assert unled(db, 1) == set()


def test_what_was_never_there_leads_nowhere(db: sqlite3.Connection) -> None:
    put(db, 7, fetched=0.0)
    stands(db, 7, DEAD, "timeout")
    leads(db, 1, 2, 3, 7)

    assert unled(db, 1) == {5, 6}


def test_a_start_of_earlier_runs_alone_leads_nowhere(db: sqlite3.Connection) -> None:
    put(db, 8, is_start=True)
    leads(db, 8, 5)
    stands(db, 8, -1)

    assert unled(db, 1) == {5, 6}
