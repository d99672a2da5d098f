"""The one thread on which a spider's code runs while other threads fetch."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds that callbacks get to see that they are cancelled; a stuck one is left behind.
_PATIENCE = 5.0
_END: Any = object()


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

        async def step() -> T:
            return await anext(source, _END)

        try:
            while (one := await self.call(step())) is not _END:
                yield one
        finally:
            if isinstance(source, AsyncGenerator):
                await self.call(_close(source))

    def stop(self) -> None:
        """End the thread, if it lets itself be ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_PATIENCE)


async def _close(source: AsyncGenerator[Any, None]) -> None:
    await source.aclose()
