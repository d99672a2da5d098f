"""A look at the run that a job's database holds: nothing is written, and no lock is needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from crawler.errors import StateError
from crawler.interfaces import Books, LedgerLine, Mark
from crawler.outcome import State
from crawler.storage import schema
from crawler.storage.rows import ledger_line
from crawler.storage.state_reader import StateReader

#: The first version whose rows have what is looked at.
_OLDEST = 3


class RunLook(StateReader):
    """A job's database, open for reading: `with RunLook(path) as look`.

    All that is read within one `with` is of one instant, also while a run goes on.

    Args:
        path: The file; it must be there.

    Raises:
        StateError: It cannot be read, or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._db.execute("BEGIN")
        #: Id of the run, None when there was none; "open", "interrupted" or "finished".
        self.run_id: str | None = self._setting("run_id")
        self.standing: str = self._setting("run_state") or ""

    @property
    def has_lines(self) -> bool:
        """The tables are new enough for `lines`."""
        return self._version >= _OLDEST

    @property
    def config(self) -> str | None:
        """Absolute path of the config that the job was last run with; None if not known."""
        config = self._setting("config")
        return str(config) if config else None

    @property
    def started(self) -> float:
        """Wall-clock second at which the run began."""
        return float(self._setting("run_started") or 0.0)

    @property
    def retry_of(self) -> str | None:
        """The run that this one retries, None for any other run."""
        run: str | None = self._setting("retry_of")
        return run

    @property
    def books(self) -> Books:
        """The run's requests by state."""
        stored = self._setting("books")
        return Books() if stored is None else msgspec.json.decode(stored, type=Books)

    @property
    def tally(self) -> bytes | None:
        """The run's encoded counters."""
        tally: bytes | None = self._setting("tally")
        return tally

    @property
    def marks(self) -> list[Mark]:
        """What is committed of the outputs of a run that has not ended."""
        return [Mark(*row) for row in self._db.execute("SELECT * FROM mark")]

    def lines(self, states: Iterable[State], reason: str | None = None) -> Iterator[LedgerLine]:
        """Yield the run's requests in some states, in order of discovery.

        Args:
            states: Those that are wanted.
            reason: Only with this reason; None for any.

        Raises:
            StateError: The database cannot be read.
        """
        named = ",".join(str(int(state)) for state in states)
        sql = f"{schema.LEDGER_ROWS} AND r.state IN ({named})"
        values: dict[str, Any] = {"first": self._setting("first_row") or 0}
        if reason is not None:
            sql += " AND r.reason = :reason"
            values["reason"] = reason
        try:
            for row in self._db.execute(f"{sql} ORDER BY r.id", values):
                yield ledger_line(row)
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: {error}") from error
