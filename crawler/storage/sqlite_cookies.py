"""The cookie jar, in a table of the job's database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from crawler.messages import StoredCookie
from crawler.storage import schema
from crawler.storage.rows import cookie_from


class SqliteCookies:
    """The jar; what changes it is part of somebody else's transaction.

    Args:
        db: The database.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def all(self) -> list[StoredCookie]:
        """Return every cookie."""
        return [cookie_from(row) for row in self._db.execute("SELECT * FROM cookie")]

    def put(self, cookies: Iterable[StoredCookie]) -> None:
        """Take cookies in; one that expires before it was made is taken out."""
        for cookie in cookies:
            if cookie.expires is not None and cookie.expires <= cookie.created:
                self._db.execute(schema.DROP_COOKIE, (cookie.domain, cookie.path, cookie.name))
            else:
                self._db.execute(schema.PUT_COOKIE, msgspec.structs.astuple(cookie))
