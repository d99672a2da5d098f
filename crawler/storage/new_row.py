"""A row that is new to the store: as SQL takes it, and as it is queued."""

from __future__ import annotations

from crawler.messages import QueuedRequest
from crawler.storage.admitted import NewRow


def columns(row: NewRow) -> tuple[object, ...]:
    """Return what `schema.INSERT_ROW` takes after the host, and `REVIVE_ROW` before the id."""
    return (
        *(row.state, row.reason, row.rank, row.depth, row.label, row.label_rank, row.url),
        *(row.method, row.body, row.payload, row.parent, row.is_start),
    )


def queued(row: NewRow) -> QueuedRequest:
    """Return a row that is new to the store as it is queued."""
    if row.plain:
        return QueuedRequest(
            id=row.id, key=row.key, url=row.url, host=row.host, depth=row.depth, parent=row.parent
        )
    return QueuedRequest(
        id=row.id, key=row.key, url=row.url, host=row.host, method=row.method or "GET",
        body=row.body or b"", rank=row.rank, depth=row.depth, label=row.label,
        parent=row.parent, is_start=row.is_start, payload=row.payload,
    )  # fmt: skip
