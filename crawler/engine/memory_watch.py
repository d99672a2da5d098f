"""Keeps a crawl within its limit of memory: tells it what there is room for."""

from __future__ import annotations

from crawler.engine.crawl import Crawl
from crawler.interfaces import Clock
from crawler.policy.memory import MemoryLimit, Room

#: Why a run ended that could not go on within its limit.
OUT_OF_MEMORY = "memory_limit"


class MemoryWatch:
    """Looks at the size of the process for a crawl.

    Args:
        crawl: The crawl.
        memory: The limit, the one in its parts.
        clock: The time.
    """

    def __init__(self, crawl: Crawl, memory: MemoryLimit, clock: Clock) -> None:
        self._crawl = crawl
        self._clock = clock
        self.memory = memory

    @property
    def busy(self) -> bool:
        """Something is on its way, or waits to be written."""
        sight = self._crawl.sight
        waiting = sight.transforms is not None and not sight.transforms.idle
        return bool(self._crawl.in_flight) or waiting or not sight.commits.idle

    def look(self, size: int) -> Room | None:
        """Take note of the bytes of the process; return what there is room for if that changed."""
        memory, before = self.memory, self.memory.room
        # A pause of the user's is no wait for memory, and nothing grows in it.
        busy = self.busy or self._crawl.paused
        after = memory.look(size, busy=busy, now=self._clock.monotonic())
        if after is before:
            return None
        if after is Room.OVER:
            self._crawl.stop(OUT_OF_MEMORY)
        self._crawl.sight.parts.starts.drained()
        self._crawl.look_again()
        return after
