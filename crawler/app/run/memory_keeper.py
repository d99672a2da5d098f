"""Measures the process for `run.memory_limit`, gives back what it can, says what comes of it."""

from __future__ import annotations

from collections.abc import Callable

from crawler.app.run.heaps import trim
from crawler.app.run.process_figures import rss_bytes
from crawler.app.run.watched import Watched
from crawler.engine.memory_watch import MemoryWatch
from crawler.observe.quantities import size
from crawler.policy.memory import MemoryLimit, Room

#: Seconds between two looks; one costs some 20 microseconds.
_PERIOD = 0.1
#: Seconds between two tries to give memory back, while too little is free: each stops the loop.
_TRIMMED = 5.0
#: Seconds between two words about a limit that is reached again and again.
_RARELY = 60.0


class MemoryKeeper:
    """Keeps a crawl within its limit of memory.

    Args:
        watched: The crawl.
        memory: Its limit.
        tell: Says a line on the screen and in the log, whatever the level.
    """

    def __init__(self, watched: Watched, memory: MemoryLimit, tell: Callable[[str], None]) -> None:
        self._watched = watched
        self._watch = MemoryWatch(watched.wired.crawl, memory, watched.clock)
        self._tell = tell
        self._trimmed = self._said = -_RARELY

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await self._watched.clock.sleep(_PERIOD)

    def look(self) -> None:
        """Look once."""
        now, memory = self._watched.clock.monotonic(), self._watch.memory
        taken = rss_bytes(self._watched.wired.staff.pids)
        if taken >= memory.low and now - self._trimmed >= _TRIMMED and not self._watch.busy:
            self._trimmed = now
            trim()
            taken = rss_bytes(self._watched.wired.staff.pids)
        room = self._watch.look(taken)
        if room is None:
            return
        often = room in (Room.NONE, Room.FREE)
        if often and now - self._said < _RARELY:
            return
        if room is not Room.FREE:
            self._said = now
        self._tell(_words(room, taken, memory))


def _words(room: Room, taken: int, memory: MemoryLimit) -> str:
    limit = f"run.memory_limit ({size(memory.limit)})"
    if room is Room.NONE:
        return (
            f"memory {size(taken)} is near {limit}: nothing is sent until it is below"
            f" {size(memory.low)}"
        )
    if room is Room.ONE:
        return f"memory stays at {size(taken)}: one request at a time, to keep {limit}"
    if room is Room.FREE:
        return f"memory is down to {size(taken)}: everything is sent again"
    return f"memory {size(taken)} is beyond {limit} with nothing on its way: the run ends"
