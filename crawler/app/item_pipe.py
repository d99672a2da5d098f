"""Items of a crawl on their way to a loop in the same program."""

from __future__ import annotations

import asyncio
import io
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

#: Items that may wait for their reader before the crawl is paused.
FULL = 100


class ItemPipe(io.BytesIO):
    """Stands where a process has its standard output, and keeps each line as an item.

    Args:
        full: Called with True when so many wait that no more should come, with False when there
            is room again.
    """

    def __init__(self, full: Callable[[bool], None]) -> None:
        super().__init__()
        self._full = full
        self._waiting: deque[dict[str, Any]] = deque()
        self._came = asyncio.Event()
        self._ended = False

    def writelines(self, lines: Iterable[Any]) -> None:
        """Take in items, each a line of JSON."""
        self._waiting.extend(msgspec.json.decode(line) for line in lines)
        if len(self._waiting) >= FULL:
            self._full(True)
        self._came.set()

    def end(self) -> None:
        """Say that no more will come."""
        self._ended = True
        self._came.set()

    async def next(self) -> dict[str, Any] | None:
        """Return the next item, None after the last one."""
        while not self._waiting:
            if self._ended:
                return None
            self._came.clear()
            await self._came.wait()
        item = self._waiting.popleft()
        if len(self._waiting) == FULL // 2:
            self._full(False)
        return item
