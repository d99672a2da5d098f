"""Every row, in order."""

from __future__ import annotations

from crawler.testing.faults import (
    connection,
    content,
    framing,
    headers,
    markup,
    redirects,
    robots_files,
    sitemaps,
    statuses,
    tls,
    traps,
)
from crawler.testing.faults.row import FaultRow

ROWS: tuple[FaultRow, ...] = (
    *connection.ROWS,
    *tls.ROWS,
    *framing.ROWS,
    *headers.ROWS,
    *content.ROWS,
    *markup.ROWS,
    *redirects.ROWS,
    *statuses.ROWS,
    *traps.ROWS,
    *robots_files.ROWS,
    *sitemaps.ROWS,
)
