"""The hosts of a job's database: their numbers, kept in memory, and their politeness state."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from crawler.storage import schema

#: Ready rows of a host that are counted as a run begins.
_COUNTED = 1_000


class SqliteHosts:
    """Numbers of hosts; new ones are made within the owner's transactions.

    Args:
        db: The database.

    Attributes:
        ids: Host key to number.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.ids: dict[str, int] = {}
        self.reload()

    def reload(self) -> None:
        """Read the numbers anew: a transaction that made some was rolled back."""
        self.ids = dict(self._db.execute("SELECT name, id FROM host"))

    def make(self, names: Iterable[str]) -> dict[str, int]:
        """Give every host a number that has none; return all of them."""
        ids = self.ids
        for name in set(names) - ids.keys():
            ids[name] = (
                self._db.execute("INSERT INTO host (name) VALUES (?)", (name,)).lastrowid or 0
            )
        return ids

    def states(self) -> dict[str, bytes]:
        """Return the politeness state of every host that has one."""
        return dict(self._db.execute("SELECT name, state FROM host WHERE state IS NOT NULL"))

    def pending(self) -> dict[str, int]:
        """Return ready rows per host, those up to the thousandth."""
        return dict(self._db.execute(schema.PENDING_BY_HOST, {"most": _COUNTED}))

    def put_states(self, states: Mapping[str, bytes]) -> None:
        """Write the politeness state of hosts."""
        if states:
            ids = self.make(states)
            pairs = [(state, ids[name]) for name, state in states.items()]
            self._db.executemany(schema.PUT_HOST_STATE, pairs)
