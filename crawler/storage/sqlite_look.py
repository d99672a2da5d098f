"""A look at what a job's state knows of one URL, from outside."""

from __future__ import annotations

from pathlib import Path

import msgspec

from crawler.frontier.fingerprint import Fingerprints
from crawler.outcome import State
from crawler.storage import schema
from crawler.storage.rows import signed
from crawler.storage.state_reader import StateReader
from crawler.urls import CanonicalRules

_ROW = (
    "SELECT r.id, r.url, r.state, r.reason, r.depth, r.label, r.attempts, r.status, r.error,"
    " r.not_before, p.url FROM request r LEFT JOIN request p ON p.id = r.parent"
    " WHERE r.key=? ORDER BY r.id DESC LIMIT 1"
)


class SeenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the job knows.

    Attributes:
        state: The state's name, lower case; "of an earlier run" for one this run has not met.
        referrer: The page that led to it, None for a start.
        not_before: Wall-clock second of the next try, None for none.
    """

    url: str
    state: str
    reason: str | None
    depth: int
    label: str | None
    attempts: int
    status: int | None
    error: str | None
    not_before: float | None
    referrer: str | None


class SqliteLook(StateReader):
    """A job's database, open for reading: `with SqliteLook(path, rules) as look`.

    Args:
        path: The file; it must be there.
        rules: What makes two URLs one.

    Raises:
        StateError: It cannot be read, or is none of ours.
    """

    def __init__(self, path: Path, rules: CanonicalRules) -> None:
        super().__init__(path)
        seed = int.from_bytes(self._setting("seed"), "big")
        self._fingerprints = Fingerprints(seed, rules)

    @property
    def run(self) -> tuple[str, str] | None:
        """Id and standing ("open", "interrupted", "finished") of the last run; None for none."""
        run_id = self._setting("run_id")
        return None if run_id is None else (str(run_id), str(self._setting("run_state")))

    @property
    def tally(self) -> bytes | None:
        """Encoded counters of the last run (`crawler.engine.tally`), None for none."""
        stored = self._setting("tally")
        return None if stored is None else bytes(stored)

    def row(self, url: str) -> SeenRow | None:
        """Return what is known of a serialised URL; None when nothing is.

        There is no index by fingerprint before a second run: then every row is looked at, a
        million a second or so.
        """
        found = self._db.execute(_ROW, (signed(self._fingerprints.of_url(url)),)).fetchone()
        if found is None:
            return None
        id_, known, state, reason, depth, label, attempts, status, error, due, parent = found
        ours = state != schema.HISTORY and (
            id_ >= (self._setting("first_row") or 0)
            or self._db.execute("SELECT 1 FROM run_seen WHERE row=?", (id_,)).fetchone()
        )
        return SeenRow(
            url=known, state=State(state).name.lower() if ours else "of an earlier run",
            reason=reason, depth=depth, label=label, attempts=attempts, status=status, error=error,
            not_before=due, referrer=parent,
        )  # fmt: skip

    def host(self, name: str) -> bytes | None:
        """Return the encoded record of a host (`crawler.engine.host_book`), None for none."""
        found = self._db.execute("SELECT state FROM host WHERE name=?", (name,)).fetchone()
        return found[0] if found else None
