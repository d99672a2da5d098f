"""Makes the trees of large pages in a thread, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class TreeTurns:
    """Lets one function at a time run beside the event loop.

    A tree takes some ten times its page. Made all at once, those of a few large pages that happen
    to come together decide how much memory a whole crawl needs; a second thread at work would gain
    little, as the loop has a core of its own to read with.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def run(self, make: Callable[[], object]) -> object:
        """Call a function in a thread once it is its turn, and return what it returns."""
        async with self._turn:
            return await asyncio.to_thread(make)
