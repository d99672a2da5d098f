"""Runs the crawler's command line where only the name servers are played.

    python -m scripts.soak.fault_process PLACES.json ARGUMENT...

`PLACES.json` maps the numbers of rows to the addresses at which a server in another process plays
them.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from crawler.cli.main import main as crawler_main
from crawler.testing.faults import connection, tls
from crawler.testing.faults.row import FaultRow
from scripts.soak.fault_crawl import played_names


def _named() -> dict[str, FaultRow]:
    # Not those of the whole matrix: their bodies would count as memory of the crawler.
    return {row.number: row for row in (*connection.ROWS, *tls.ROWS) if row.names}


@dataclass
class Places:
    """Where rows are played, as another process says."""

    addresses: dict[str, str]
    rows: dict[str, FaultRow] = field(default_factory=_named)

    def address(self, number: str) -> str:
        """Return the address of a row."""
        return self.addresses[number]


def main() -> int:
    """Run the command and return its exit code."""
    places = Places(json.loads(Path(sys.argv[1]).read_text()))
    with played_names(places):
        return crawler_main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
