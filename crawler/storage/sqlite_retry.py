"""A run that retries what the one before it gave up, as SQL; within the owner's transaction.

The new run takes over every row of the old one: what is done stays done and known, so that it is
neither fetched again nor lost from the books. Only what was given up is pending anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec

from crawler.interfaces import Books, GivenUp, LastRun, Mark
from crawler.outcome import ErrorClass
from crawler.storage import schema


def last_run(setting: Callable[[str], Any]) -> LastRun | None:
    """Return the run that ended last, from the stored settings.

    None when there is no run, or when the last one did not end.
    """
    if setting("run_state") != "finished":
        return None
    marks = msgspec.json.decode(setting("last_marks") or b"[]", type=tuple[Mark, ...])
    return LastRun(
        run_id=setting("run_id"), settings=setting("run_settings"),
        done=msgspec.json.decode(setting("books"), type=Books).done,
        tally=setting("tally"), marks=marks,
    )  # fmt: skip


class SqliteGivenUp:
    """The requests that the run of a database gave up.

    Args:
        db: The database.
        first_row: First row of the run.
    """

    def __init__(self, db: sqlite3.Connection, first_row: int) -> None:
        self._db = db
        self._first = {"first": first_row}

    def count(self) -> list[GivenUp]:
        """Return how many there are of each sort."""
        return [
            GivenUp(reason=reason or "", status=status, is_start=bool(is_start), count=rows)
            for reason, status, is_start, rows in self._db.execute(schema.GIVEN_UP, self._first)
        ]

    def revive(self, classes: frozenset[str] | None) -> list[int]:
        """Make them pending, with fresh budgets; what a limit left pending is forgotten.

        Args:
            classes: Error classes to revive; None for all.

        Returns:
            Rows among them whose callback ended the process, and that should run alone.
        """
        db = self._db
        db.execute("DELETE FROM run_seen WHERE row IN (SELECT id FROM request WHERE state=0)")
        db.execute(f"UPDATE request SET state={schema.HISTORY}, not_before=NULL WHERE state=0")
        chosen = self._present() if classes is None else classes
        crashed: list[int] = []
        for name in chosen:
            named = {**self._first, "reason": name}
            if name == ErrorClass.CRASH:
                crashed = [row for (row,) in db.execute(schema.GIVEN_UP_ROWS, named)]
            db.execute(schema.RETRY_ROWS, named)
        return crashed

    def _present(self) -> frozenset[str]:
        return frozenset(one.reason for one in self.count())
