"""Which bodies the pages of a job have."""

from __future__ import annotations

import sqlite3

from crawler.errors import StateError
from crawler.storage.state_reader import StateReader


class KeptLook(StateReader):
    """A job's database, open for reading: `with KeptLook(path) as look`."""

    def digests(self) -> set[bytes]:
        """Return the digests of bodies that pages have.

        Raises:
            StateError: They cannot be read.
        """
        try:
            found = self._db.execute("SELECT kept FROM memory WHERE kept IS NOT NULL")
            return {digest for (digest,) in found}
        except sqlite3.Error as error:
            raise StateError(f"{self._path}: {error}") from error
