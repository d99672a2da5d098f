"""Pulls start requests lazily: a list of a million URLs is never held.

A resume pulls again from the first: requests that are known add nothing, and the items that are
committed are counted off.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from crawler.messages import NewRequest
from crawler.outcome import ItemRecord, Quarantined
from crawler.spider.start_entry import BadStart, ListsRead

#: An item that `start()` itself gave.
StartItem = ItemRecord | Quarantined

#: Start requests taken in at a time.
CHUNK = 200


class StartFeed:
    """The pseudo-page that stands for the start of the crawl.

    Args:
        source: Start requests and start items.
        items_done: Start items that earlier processes of the run committed.
        bad: Is told of entries that nothing can be fetched for.
        lists_first: No page may be fetched before the lists are read to their end: what they say
            of a URL would be lost if a link to it were found earlier.

    Attributes:
        exhausted: Nothing more will come.
        holds: No page may be fetched yet.
        pulled: How many things came so far.
        waits_for_room: More would come, but nothing is asked for.
    """

    def __init__(
        self,
        source: AsyncIterator[NewRequest | StartItem | BadStart | ListsRead],
        *,
        items_done: int = 0,
        bad: Callable[[BadStart], None] = lambda _: None,
        lists_first: bool = False,
    ) -> None:
        self._source = source
        self._items_done = items_done
        self._items_seen = 0
        self._requests: list[NewRequest] = []
        self._bad = bad
        self._items: list[tuple[int, StartItem]] = []
        self._drained = asyncio.Event()
        self.exhausted = False
        self.holds = lists_first
        self.pulled = 0
        self.waits_for_room = False

    async def pull(self, came: Callable[[], None], room: Callable[[], bool]) -> None:
        """Pull until the source ends; `came` is called when there is something to take.

        Raises:
            Exception: Whatever the user's `start()` raises.
        """
        async with contextlib.AsyncExitStack() as stack:
            if isinstance(self._source, AsyncGenerator):
                await stack.enter_async_context(contextlib.aclosing(self._source))
            async for one in self._source:
                self.pulled += 1
                self._take_in(one)
                came()
                while len(self._requests) + len(self._items) >= CHUNK or not (self.holds or room()):
                    self._drained.clear()
                    self.waits_for_room = True
                    await self._drained.wait()
                self.waits_for_room = False
        self.exhausted = True
        came()

    def _take_in(self, one: NewRequest | StartItem | BadStart | ListsRead) -> None:
        if isinstance(one, ListsRead):
            self.holds = False
            return
        if isinstance(one, BadStart):
            self._bad(one)
            return
        if isinstance(one, NewRequest):
            self._requests.append(one)
            return
        if self._items_seen >= self._items_done:
            self._items.append((self._items_seen, one))
        self._items_seen += 1

    def take(self) -> tuple[list[NewRequest], list[tuple[int, StartItem]]]:
        """Return what was pulled since the last time."""
        taken = self._requests, self._items
        self._requests, self._items = [], []
        return taken

    def drained(self) -> None:
        """Let `pull` go on, if it waited for room."""
        self._drained.set()

    @property
    def empty(self) -> bool:
        """Nothing waits to be taken."""
        return not self._requests and not self._items
