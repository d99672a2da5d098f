"""Every row, in order."""

from __future__ import annotations

from crawler.testing.faults import connection, framing, headers, tls
from crawler.testing.faults.row import FaultRow

ROWS: tuple[FaultRow, ...] = (*connection.ROWS, *tls.ROWS, *framing.ROWS, *headers.ROWS)
