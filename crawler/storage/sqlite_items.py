"""Known items, as SQL; within the owner's transactions.

What a run finds of an item stands beside what is settled, in the columns `new_*`, until the
settling at the end of a good run makes it what is settled, with the event in the same transaction.
A run that does not come so far leaves it there for the next one: a page that has been read is not
read again only because nobody was told of it.

An item belongs to the page that gives it. Its page may be read and not give it any more (`lost`),
and meanwhile another page may (`new_page`): which of them it was, the settling finds out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from crawler.interfaces import (
    Double,
    ItemBatch,
    ItemCounts,
    ItemKey,
    KnownItem,
    PageItems,
    Phase,
    Remembered,
    SeenItem,
    SettledItem,
)
from crawler.outcome import SkipReason, State
from crawler.storage.sqlite_file import reached_in_database
from crawler.storage.sqlite_reach import unled

_LIVE, _GONE = 0, 1
_IN_RUN = "(r.state >= 0 AND (r.id >= :first OR r.id IN (SELECT row FROM run_seen)))"
_DONE = f"({_IN_RUN} AND r.state = {State.DONE:d})"
# It answers that it is no more, or that its place is elsewhere.
_ENDED = (
    f"({_IN_RUN} AND ((r.state = {State.FAILED:d} AND r.status IN (404, 410))"
    f" OR (r.state = {State.SKIPPED:d} AND r.reason = '{SkipReason.REDIRECTED}')))"
)
# Nothing leads to it any more, where that counts; see `look_for_unled`.
_UNLED = "k.page IN (SELECT row FROM temp.unled)"
# Whether the settled page of an item gives it still: yes, no, or nobody can tell (NULL).
_HELD = (
    f"CASE WHEN k.lost OR r.id IS NULL OR NOT {_IN_RUN} OR {_ENDED} OR {_UNLED} THEN 0"
    f" WHEN {_DONE} OR r.reason = '{SkipReason.NOT_DUE}' THEN 1 END"
)
_AT = "coalesce(k.new_at, r.ended, k.changed_at)"
_ITEM = (
    "SELECT k.id, k.name, k.key, k.url, k.data, k.print, k.state, k.misses, k.changed_run,"
    " k.streaks, k.new_data, k.new_print, k.new_url, {at}, {held}"
    " FROM known_item k LEFT JOIN request r ON r.id = k.page WHERE k.id > :after AND {where}"
    " ORDER BY k.id LIMIT :limit"
)
_MISSING = (
    f"k.data IS NOT NULL AND k.state = {_LIVE} AND ((k.lost AND {_DONE}) OR {_ENDED} OR {_UNLED})"
    # Where a host did not work, an address that leads elsewhere may yet lead to the item.
    f" AND NOT (r.state = {State.SKIPPED:d}"
    f" AND r.host IN (SELECT host FROM request WHERE state = {State.DEAD:d}))"
)
_WHERE: dict[Phase, str] = {
    "new": "k.data IS NULL AND k.new_data IS NOT NULL",
    "changed": (
        f"k.data IS NOT NULL AND k.state = {_LIVE} AND k.new_data IS NOT NULL"
        " AND (k.new_page IS NULL OR NOT coalesce({held}, 1))"
    ),
    "moved": f"k.data IS NOT NULL AND k.state = {_LIVE} AND k.new_page IS NOT NULL",
    "back": (
        f"k.data IS NOT NULL AND k.state = {_GONE}"
        f" AND (k.new_page IS NOT NULL OR (NOT {_UNLED}"
        f" AND (k.new_data IS NOT NULL OR (NOT k.lost AND {_DONE}))))"
    ),
    "gone": f"k.judged <> :run AND {_MISSING}",
}
_ITEMS = {
    phase: _ITEM.format(at=_AT, held=_HELD, where=where.format(held=_HELD))
    for phase, where in _WHERE.items()
}
_COUNTS = (
    f"SELECT k.misses, count(*), ifnull(sum({_DONE}), 0), ifnull(sum({_MISSING}), 0)"
    " FROM known_item k LEFT JOIN request r ON r.id = k.page"
    f" WHERE k.data IS NOT NULL AND k.state = {_LIVE} GROUP BY k.misses"
)
_FOUND = "new_data=NULL, new_print=NULL, new_page=NULL, new_url=NULL, new_at=NULL, new_run=NULL"
_TAKEN = (
    "page=coalesce(new_page, page), url=coalesce(new_url, url), data=coalesce(new_data, data),"
    f" print=coalesce(new_print, print), lost=0, misses=0, changed_at=:at, {_FOUND}"
)
_SETTLE: dict[Phase, str] = {
    "new": f"UPDATE known_item SET {_TAKEN} WHERE id=:id",
    # The other page, if there is one, stays for the next phase.
    "changed": (
        "UPDATE known_item SET data=new_data, print=new_print, new_data=NULL, new_print=NULL,"
        " changed_at=:at, changed_run=:run, streaks=:streaks WHERE id=:id"
    ),
    "moved": f"UPDATE known_item SET {_TAKEN} WHERE id=:id",
    "back": f"UPDATE known_item SET state={_LIVE}, {_TAKEN} WHERE id=:id",
    "gone": (
        "UPDATE known_item SET misses=misses+1, judged=:run,"
        f" state=CASE WHEN :gone THEN {_GONE} ELSE state END WHERE id=:id"
    ),
}
_DROP_DOUBLE = f"UPDATE known_item SET {_FOUND} WHERE id=:id"
_FORGIVE = (
    "UPDATE known_item SET misses=0 WHERE misses > 0 AND state=0 AND id IN (SELECT k.id FROM"
    f" known_item k JOIN request r ON r.id = k.page WHERE k.misses > 0 AND NOT k.lost AND {_DONE}"
    f" AND NOT {_UNLED})"
)
_HELD_ROW = (
    "SELECT id, page, url, print, state, lost, run, new_print, new_page, new_url, new_run,"
    " data IS NOT NULL FROM known_item WHERE name=? AND key=?"
)


class _Row(NamedTuple):
    id: int
    page: int
    url: str
    print: bytes | None
    state: int
    lost: int
    run: int
    new_print: bytes | None
    new_page: int | None
    new_url: str | None
    new_run: int | None
    settled: int


class SqliteItems:
    """The known items of a job.

    Args:
        db: The database.

    Attributes:
        weighs: An item that two pages give is looked at again in the settling, when it is known
            which of them anything leads to.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._db.execute("CREATE TEMP TABLE unled (row INTEGER PRIMARY KEY)")
        self.weighs = False

    def look_for_unled(self) -> None:
        """Let items count as missing to whose pages nothing leads any more."""
        rows = unled(self._db, self._number("first_row"))
        self._db.execute("DELETE FROM temp.unled")
        self._db.executemany("INSERT INTO temp.unled VALUES (?)", [(row,) for row in rows])

    def remembered(self, keys: Iterable[ItemKey]) -> dict[ItemKey, Remembered]:
        """Return what is known of items; those that are not known are left out."""
        found = {}
        for key in keys:
            row = self._row(key)
            if row is not None:
                settled = row.print if row.settled else None
                found[key] = Remembered(settled, gone=row.state == _GONE)
        return found

    def _row(self, key: ItemKey) -> _Row | None:
        values = self._db.execute(_HELD_ROW, key).fetchone()
        return None if values is None else _Row(*values)

    def _number(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM setting WHERE name=?", (name,)).fetchone()
        return int(row[0]) if row is not None else 0

    def change(self, batch: ItemBatch | None) -> list[Double]:
        """Write what pages gave, and what is settled; return keys that were given twice."""
        if batch is None:
            return []
        run = self._number("run_no")
        doubles = self._put(batch.found, run)
        if batch.forgive:
            self._db.execute(_FORGIVE, {"first": self._number("first_row")})
        if batch.settled:
            self._settle(batch.settled, run)
            reached_in_database("items.settle")
        return doubles

    def _put(self, pages: Sequence[PageItems], run: int) -> list[Double]:
        """Write what pages gave beside what is settled; return keys that were given twice."""
        doubles: list[Double] = []
        for page in pages:
            doubles += [Double(name, key, page.url, page.url) for name, key in page.again]
            for item in page.items:
                double = self._put_item(page, item, run)
                if double is not None:
                    doubles.append(double)
            if page.whole:
                self._note_lost(page)
        return doubles

    def _put_item(self, page: PageItems, item: SeenItem, run: int) -> Double | None:
        row = self._row((item.name, item.key))
        if row is None:
            self._db.execute(
                "INSERT INTO known_item (name, key, page, url, first_at, changed_at, run,"
                " new_data, new_print, new_at, new_run) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (item.name, item.key, page.page, page.url, page.at, page.at, run, item.data,
                 item.print, page.at, run),
            )  # fmt: skip
            return None
        if row.page == page.page:
            return self._put_own(row, page, item, run)
        return self._put_rival(row, page, item, run)

    def _put_own(self, row: _Row, page: PageItems, item: SeenItem, run: int) -> Double | None:
        """Write an item of the page that it belongs to; what another page gave does not count."""
        same = row.settled and row.print == item.print
        if self.weighs and same and row.new_page is not None and row.new_run == run:
            self._db.execute("UPDATE known_item SET run=?, lost=0 WHERE id=?", (run, row.id))
            return None
        data, digest = (None, None) if same else (item.data, item.print)
        self._db.execute(
            "UPDATE known_item SET run=?, lost=0, new_data=?, new_print=?, new_page=NULL,"
            " new_url=NULL, new_at=?, new_run=? WHERE id=?",
            (run, data, digest, page.at, run, row.id),
        )
        if row.new_page is not None and row.new_run == run and row.new_url is not None:
            return Double(item.name, item.key, page.url, row.new_url)
        return None

    def _put_rival(self, row: _Row, page: PageItems, item: SeenItem, run: int) -> Double | None:
        """Write an item that belonged to another page; it is settled later whether it moved."""
        if not row.settled:
            if not row.lost:
                return Double(item.name, item.key, row.url, page.url)
            self._db.execute(
                "UPDATE known_item SET page=?, url=?, lost=0, run=?, new_data=?, new_print=?,"
                " new_at=?, new_run=? WHERE id=?",
                (page.page, page.url, run, item.data, item.print, page.at, run, row.id),
            )
            return None
        weighs = self.weighs and row.new_print is None
        if row.run == run and not row.lost and row.state == _LIVE and not weighs:
            return Double(item.name, item.key, row.url, page.url)
        if row.new_run == run and row.new_page not in (None, page.page):
            return Double(item.name, item.key, row.new_url or row.url, page.url)
        same = row.print == item.print
        data, digest = (None, None) if same else (item.data, item.print)
        self._db.execute(
            "UPDATE known_item SET new_page=?, new_url=?, new_data=?, new_print=?, new_at=?,"
            " new_run=? WHERE id=?",
            (page.page, page.url, data, digest, page.at, run, row.id),
        )
        return None

    def _note_lost(self, page: PageItems) -> None:
        """Note which items a page does not give any more; broken ones are there all the same."""
        given = {(item.name, item.key) for item in page.items} | set(page.broken)
        rows = self._db.execute(
            "SELECT id, name, key, data IS NOT NULL FROM known_item WHERE page=?", (page.page,)
        )
        lost = [
            (row, settled)
            for row, name, key, settled in rows
            if (name, key) not in given and name not in page.unclear
        ]
        # What another page gave meanwhile stays; what this one gave before nobody was told of.
        self._db.executemany(
            "UPDATE known_item SET lost=1,"
            " new_data=CASE WHEN new_page IS NULL THEN NULL ELSE new_data END,"
            " new_print=CASE WHEN new_page IS NULL THEN NULL ELSE new_print END WHERE id=?",
            [(row,) for row, settled in lost if settled],
        )
        self._db.executemany(
            "DELETE FROM known_item WHERE id=?", [(row,) for row, settled in lost if not settled]
        )

    def unsettled(self, phase: Phase, after: int, limit: int) -> list[KnownItem]:
        """Return items that a part of the settling is still to deal with, by row."""
        named: dict[str, Any] = {
            "after": after, "limit": limit,
            "run": self._number("run_no"), "first": self._number("first_row"),
        }  # fmt: skip
        return [
            KnownItem(
                id=row[0], name=row[1], key=row[2], url=row[3], data=row[4], print=row[5],
                gone=row[6] == _GONE, misses=row[7], changed_run=row[8], streaks=row[9],
                new_data=row[10], new_print=row[11], new_url=row[12], at=row[13],
                held=None if row[14] is None else bool(row[14]),
            )
            for row in self._db.execute(_ITEMS[phase], named)
        ]  # fmt: skip

    def counts(self) -> ItemCounts:
        """Return known items in numbers."""
        first = {"first": self._number("first_row")}
        rows = self._db.execute(_COUNTS, first).fetchall()
        return ItemCounts(
            live=sum(row[1] for row in rows),
            visited=sum(row[2] for row in rows),
            missing={row[0]: row[3] for row in rows if row[3]},
        )

    def _settle(self, settled: Sequence[SettledItem], run: int) -> None:
        """Make what was found what is settled."""
        for one in settled:
            sql = _DROP_DOUBLE if one.double else _SETTLE[one.phase]
            named = {
                "id": one.id, "run": run, "at": one.at, "gone": one.gone, "streaks": one.streaks
            }  # fmt: skip
            self._db.execute(sql, named)
