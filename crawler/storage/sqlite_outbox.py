"""Items that wait for their transforms, in a table of the job's database."""

from __future__ import annotations

import sqlite3

import msgspec

from crawler.interfaces import Batch, WaitingItem
from crawler.outcome import Standing
from crawler.storage import schema
from crawler.storage.sqlite_file import reached_in_database


class SqliteOutbox:
    """The outbox; what changes it is part of somebody else's transaction.

    Args:
        db: The database.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def change(self, batch: Batch) -> list[WaitingItem]:
        """Put items in and take others out; return those put in, with their rows."""
        if batch.settled:
            self._db.executemany(schema.DROP_WAITING, [(row,) for row in batch.settled])
            reached_in_database("outbox.settle")
        filed = []
        for one in batch.waiting:
            page = (one.url, one.depth, one.parent_url)
            values = (one.item_id, one.name, one.data, *page, one.standing)
            row = self._db.execute(schema.PUT_WAITING, values).lastrowid or 0
            filed.append(msgspec.structs.replace(one, row=row))
        if filed:
            reached_in_database("outbox.file")
        return filed

    def after(self, row: int, limit: int) -> list[WaitingItem]:
        """Return the items behind a row, in order."""
        found = self._db.execute(schema.WAITING, (row, limit))
        return [
            WaitingItem(
                row=number, item_id=item_id, name=name, data=data, url=url, depth=depth,
                parent_url=parent, standing=Standing(standing) if standing else None,
            )
            for number, item_id, name, data, url, depth, parent, standing in found
        ]  # fmt: skip

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM outbox").fetchone()[0])
