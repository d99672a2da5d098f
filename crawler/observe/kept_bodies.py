"""Bodies of pages that failed, kept to be looked at: the first hundred of each error class."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from crawler.files import FileWriter
from crawler.outcome import PageOutcome

#: Bodies kept of each error class.
KEPT = 100
#: Bytes kept of each body.
MAX_BODY = 1 << 20
#: Bodies that may wait to be written; beyond that they are let go.
_WAITING = 32


class KeptBodies:
    """Writes bodies aside while the crawl goes on.

    Args:
        folder: Where they go, as CLASS/ROW.body; made when the first one comes.
        files: Writes files without stopping the loop.
    """

    def __init__(self, folder: Path, files: FileWriter) -> None:
        self._folder = folder
        self._files = files
        self._kept: Counter[str] = Counter()
        self._queue: asyncio.Queue[tuple[Path, bytes] | None] = asyncio.Queue(_WAITING)
        self.lost = 0

    def offer(self, outcome: PageOutcome) -> None:
        """Keep the body of a failed page, if there is one and room for it."""
        if not outcome.body or outcome.reason is None or self._kept[outcome.reason] >= KEPT:
            return
        path = self._folder / outcome.reason / f"{outcome.request.id}.body"
        try:
            self._queue.put_nowait((path, outcome.body[:MAX_BODY]))
        except asyncio.QueueFull:
            return
        self._kept[outcome.reason] += 1

    async def run(self) -> None:
        """Write until `close`."""
        while (waiting := await self._queue.get()) is not None:
            path, body = waiting
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                await self._files.write(path, body)
            except OSError:
                self.lost += 1  # a convenience, not a promise: the crawl goes on

    async def close(self) -> None:
        """Let `run` end when what waits is written."""
        await self._queue.put(None)
