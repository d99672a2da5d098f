"""The one thread on which a spider's code runs while other threads fetch."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds that callbacks get to see that they are cancelled; a stuck one is left behind.
_PATIENCE = 5.0
_END: Any = object()
#: Things taken from a generator at a time, and the seconds that one may wait for the next.
_CHUNK, _DELAY = 50, 0.005


class SpiderThread:
    """A thread with an event loop of its own, for callbacks plain and async.

    No two callbacks run at the same moment, so that a spider need not know of threads. One that
    blocks for ever cannot be ended: the thread is a daemon, which does not keep the process.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="spider", daemon=True)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            if not task.cancelling():  # else it is tidying up
                task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.wait(left, timeout=_PATIENCE / 2))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the thread, wait for it from another loop; cancelling reaches it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def pull(self, source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """Yield on this loop what an asynchronous generator yields on the thread."""
        ahead = _Ahead(source)
        try:
            while items := await self.call(ahead.some()):
                for one in items:
                    yield one
        finally:
            # A generator that blocks the thread is left behind with it.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.call(ahead.close()), _PATIENCE)

    def stop(self) -> None:
        """End the thread, if it lets itself be ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_PATIENCE)


class _Ahead:
    """Takes from a generator all it gives without delay, so that it is ordered as a whole.

    One by one, the first request would be on its way before a more urgent one behind it is known.
    """

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self._source = source
        self._next: asyncio.Task[Any] | None = None

    async def some(self) -> list[Any]:
        """Return what comes next, at least one thing; nothing at the end."""
        items: list[Any] = []
        while len(items) < _CHUNK:
            if self._next is None:
                self._next = asyncio.create_task(self._step())
            await asyncio.wait({self._next}, timeout=_DELAY if items else None)
            if not self._next.done():
                break
            if self._next.exception() is not None and items:
                break  # told when what came before it is on its way
            task, self._next = self._next, None
            one = task.result()
            if one is _END:
                self._next = asyncio.create_task(_ended())
                break
            items.append(one)
        return items

    async def _step(self) -> Any:
        return await anext(self._source, _END)

    async def close(self) -> None:
        """Give up what is still to come."""
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})
        if isinstance(self._source, AsyncGenerator):
            await self._source.aclose()


async def _ended() -> Any:
    return _END
