"""Room for a number of bytes: who brings more than fits waits, in turn."""

from __future__ import annotations

import asyncio
from collections import deque


class ByteRoom:
    """Counts bytes that are inside.

    Args:
        size: How many may be. What is larger than all of it comes in alone.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.held = 0

    def _fits(self, size: int) -> bool:
        return not self.held or self.held + size <= self._size

    async def enter(self, size: int) -> None:
        """Wait until there is room, and take it."""
        if not self._waiting and self._fits(size):
            self.held += size
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(size)  # it had been given its room
            else:
                self._admit()  # perhaps only we were in the way
            raise

    def leave(self, size: int) -> None:
        """Give room back."""
        self.held -= size
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if turn.done():  # cancelled
                self._waiting.popleft()
            elif self._fits(size):
                self._waiting.popleft()
                self.held += size
                turn.set_result(None)
            else:
                return

    def refuse_all(self, error: Exception) -> None:
        """Raise `error` in everyone who waits."""
        while self._waiting:
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(error)
