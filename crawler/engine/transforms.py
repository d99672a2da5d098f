"""Items between their page and the outputs: out of the outbox, through the job's transforms.

The outbox in the store is the truth; this holds a window over it. An item leaves the outbox in the
transaction that writes what became of it, so that a kill repeats its transforms and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from crawler.fail_points import reached
from crawler.interfaces import FrontierStore, Opened, Transform, Transformed, WaitingItem
from crawler.outcome import ItemProblem
from crawler.spider.plain_codec import load

#: Items in the window: those with a transform, and those next in turn.
WINDOW = 1_000
#: Items in the outbox above which no more pages are fetched.
ENOUGH_WAITING = 10_000
#: Items that are given to the transforms at once; they hold back what they have no room for.
AT_ONCE = 256


class Settled(msgspec.Struct, frozen=True):
    """One item of the outbox, and what became of it."""

    item: WaitingItem
    result: Transformed

    @property
    def problem(self) -> ItemProblem | None:
        """Why it goes to quarantine; None if it does not."""
        result = self.result
        if result.records is not None:
            return None
        return ItemProblem(result.place or result.kind, None, f"{result.kind}: {result.reason}")


class Transforms:
    """Feeds the transforms from the outbox.

    Args:
        transform: The job's.
        store: Has the outbox.
        opened: Says what earlier processes of the run left there.
        settled: Called when there is something to `take`.
    """

    def __init__(
        self,
        transform: Transform,
        store: FrontierStore,
        opened: Opened,
        settled: Callable[[], None],
    ) -> None:
        self._transform = transform
        self._store = store
        self._grant = opened.grant
        self._settled = settled
        self._queue: deque[WaitingItem] = deque()
        self._done: list[Settled] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0
        # Of the outbox: how many there are, and the last row that came into the window.
        self._waiting = opened.waiting
        self._last = 0
        self._beyond = opened.waiting > 0
        self._more = False
        self._wake = asyncio.Event()
        self._closed = False
        self._dropping = False

    @property
    def idle(self) -> bool:
        """Nothing waits, is under way, or is to be written."""
        return self._waiting == 0

    @property
    def crowded(self) -> bool:
        """So many items wait that no more pages should come."""
        return self._waiting >= ENOUGH_WAITING

    @property
    def waiting(self) -> int:
        """Items in the outbox."""
        return self._waiting

    @property
    def busy(self) -> int:
        """Items that are being transformed."""
        return self._busy

    def add(self, items: Iterable[WaitingItem]) -> None:
        """Take in items that a commit has just put into the outbox, in its order."""
        for item in items:
            self._waiting += 1
            if item.row <= self._last:
                continue  # a look into the outbox has found it already
            if self._beyond or len(self._queue) >= WINDOW:
                self._beyond = self._more = True  # read from the store in its turn
            else:
                self._queue.append(item)
                self._last = item.row
        self._wake.set()

    def take(self) -> list[Settled]:
        """Return what was settled since the last time, to be written."""
        taken, self._done = self._done, []
        return taken

    def written(self, settled: Iterable[Settled]) -> None:
        """Note that these have left the outbox."""
        self._waiting -= sum(1 for _ in settled)
        self._wake.set()

    def drop_rest(self) -> None:
        """Drop what was not begun: there are as many items as were wanted."""
        self._dropping = True

    def close(self) -> None:
        """Let `run` end; what is under way is given up, and still in the outbox."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        self._wake.set()

    async def run(self) -> None:
        """Transform until closed."""
        async with asyncio.TaskGroup() as group:
            while not self._closed:
                self._wake.clear()
                while self._queue and self._busy < AT_ONCE:
                    self._busy += 1
                    task = group.create_task(self._apply(self._queue.popleft()))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                if self._beyond and len(self._queue) < WINDOW // 2:
                    await self._refill()
                else:
                    await self._wake.wait()

    async def _refill(self) -> None:
        """Look into the outbox; a commit meanwhile may bring more than the look saw."""
        self._more = False
        found = await self._store.waiting(self._grant, self._last, WINDOW)
        self._beyond = self._more or len(found) == WINDOW
        self._queue.extend(found)
        if found:
            self._last = found[-1].row

    async def _apply(self, item: WaitingItem) -> None:
        reached("transform.before")
        result = Transformed(records=[])
        if not self._dropping:
            result = await self._transform.apply(item.name, load(item.data))
        reached("transform.after")
        self._busy -= 1
        self._done.append(Settled(item, result))
        self._settled()
        self._wake.set()
