"""Changed rules of what makes two URLs one: rows get their new keys, so that pages stay known.

Without it every page would look new, and every page that is known gone.
"""

from __future__ import annotations

import sqlite3

import msgspec

from crawler.frontier.fingerprint import Fingerprints
from crawler.messages import NewRequest
from crawler.storage import schema
from crawler.storage.rows import signed
from crawler.urls import CanonicalRules

_SETTING = "canonical"
_ROWS = (
    "SELECT r.id, r.key, r.url, r.method, r.body, ifnull(m.fetched, 0)"
    " FROM request r LEFT JOIN memory m ON m.row = r.id ORDER BY ifnull(m.fetched, 0), r.id DESC"
)


def keep_keys(db: sqlite3.Connection, seed: int, rules: CanonicalRules) -> int:
    """Give rows the keys of these rules if other ones were kept; a transaction of its own.

    Of several rows that are one now, that which was visited last stays; the others become history.

    Args:
        db: The database; no run is going on.
        seed: Of the fingerprints.
        rules: Those of today.

    Returns:
        How many rows have another key.
    """
    now = msgspec.json.encode(rules, order="deterministic")
    kept = db.execute("SELECT value FROM setting WHERE name=?", (_SETTING,)).fetchone()
    if kept is not None and bytes(kept[0]) == now:
        return 0
    db.execute("BEGIN IMMEDIATE")
    try:
        changed = 0
        if kept is not None:
            old = msgspec.json.decode(kept[0], type=CanonicalRules)
            changed = _rekey(db, Fingerprints(seed, old), Fingerprints(seed, rules))
        db.execute(schema.PUT_SETTING, (_SETTING, now))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return changed


def _rekey(db: sqlite3.Connection, old: Fingerprints, new: Fingerprints) -> int:
    db.execute("DROP INDEX IF EXISTS request_key")  # it is built anew before it is needed
    winners: dict[int, int] = {}
    updates: dict[int, int] = {}
    for row, key, url, method, body, _ in db.execute(_ROWS).fetchall():
        asked = NewRequest(url=url, method=method or "GET", body=body or b"")
        if signed(old.of(asked, 0)) != key:
            continue  # it stands for a place on a page
        made = signed(new.of(asked, 0))
        loser = winners.get(made)
        if loser is not None:
            _retire(db, loser, row)
            updates.pop(loser, None)
        winners[made] = row
        if made != key:
            updates[row] = made
    db.executemany("UPDATE request SET key=? WHERE id=?", [(k, row) for row, k in updates.items()])
    return len(updates)


def _retire(db: sqlite3.Connection, loser: int, winner: int) -> None:
    """Leave a row to history whose page another row stands for; its key is nobody's any more."""
    gone = {"loser": loser, "winner": winner}
    db.execute(
        f"UPDATE request SET state={schema.HISTORY}, not_before=NULL, key=-id WHERE id=:loser",
        {"loser": loser},
    )
    db.execute("DELETE FROM memory WHERE row=:loser", {"loser": loser})
    db.execute("UPDATE known_item SET page=:winner WHERE page=:loser", gone)
