"""Which pages of a refresh nothing leads to any more: what lies behind the starts, page by page.

`children` has what each page led to when it was read last. A page that could not be had in this run
leads where it did; one that is no more leads nowhere. If of any page on the way nobody knows where
it led, as of those read before the job kept that, nobody can tell, and nothing is said.
"""

from __future__ import annotations

import sqlite3

from crawler.outcome import SkipReason, State
from crawler.page_memory import NOT_DUE
from crawler.spider.payload import belongs_to_its_page
from crawler.storage.rows import unpack_rows

_IN_RUN = "r.state >= 0 AND (r.id >= :first OR r.id IN (SELECT row FROM run_seen))"
_STARTS = f"SELECT r.id FROM request r WHERE r.is_start = 1 AND {_IN_RUN}"
# What a news list leads to is not missed there: such lists leave pages out after some time.
_ALIVE = (
    "SELECT r.id FROM request r JOIN memory m ON m.row = r.id"
    f" WHERE r.is_start = 0 AND m.fetched > 0 AND m.news = 0 AND {_IN_RUN}"
    f" AND (r.state = {State.DONE:d} OR (r.state = {State.SKIPPED:d}"
    f" AND r.reason = '{SkipReason.NOT_DUE}')"
    f" OR (r.state = {State.PENDING:d} AND r.urgency = {NOT_DUE}))"
)
_LED_TO = "SELECT rows FROM children WHERE row = ?"
_WHAT = (
    "SELECT r.is_start, ifnull(m.fetched, 0) > 0, r.payload FROM request r"
    " LEFT JOIN memory m ON m.row = r.id WHERE r.id = ?"
)


def unled(db: sqlite3.Connection, first_row: int) -> set[int]:
    """Return rows of pages that are alive, and to which nothing leads from any start.

    Args:
        db: The database.
        first_row: Of the run.

    Returns:
        None of them where nobody can tell.
    """
    first = {"first": first_row}
    reached = {row for (row,) in db.execute(_STARTS, first)}
    todo = list(reached)
    while todo:
        row = todo.pop()
        found = db.execute(_LED_TO, (row,)).fetchone()
        if found is not None:
            new = set(unpack_rows(found[0])) - reached
            reached |= new
            todo += new
        elif _may_lead(db, row):
            return set()
    return {row for (row,) in db.execute(_ALIVE, first)} - reached


def _may_lead(db: sqlite3.Connection, row: int) -> bool:
    """Tell whether a row of which nobody knows where it leads may lead anywhere."""
    found = db.execute(_WHAT, (row,)).fetchone()
    if found is None:
        return False
    is_start, was_alive, payload = found
    return bool(is_start or was_alive or (payload and belongs_to_its_page(payload)))
