"""An event loop in a thread of its own, for code that is not async itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from crawler.loop import LoopFactory

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for other threads: `with LoopThread(factory) as loop: loop.run(work())`.

    Args:
        factory: Makes the loop.
    """

    def __init__(self, factory: LoopFactory) -> None:
        self._loop = factory()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loop", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run(_cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def is_here(self) -> bool:
        """The caller runs in the loop's own thread, where `run` would wait for itself."""
        return threading.current_thread() is self._thread

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return what it returns; Ctrl-C cancels it.

        Raises:
            BaseException: What the coroutine raised.
        """
        future = asyncio.run_coroutine_threadsafe(_boxed(work), self._loop)
        try:
            return future.result()
        except _Stopped as error:
            raise error.stop from None
        except BaseException:
            future.cancel()
            raise

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a coroutine from within the loop, to be awaited or not."""
        return self._loop.create_task(work)


class _Stopped(Exception):
    """Carries what would otherwise end the loop itself, and with it everything."""

    def __init__(self, stop: BaseException) -> None:
        super().__init__()
        self.stop = stop


async def _boxed(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as stop:
        raise _Stopped(stop) from None


async def _cancel_all() -> None:
    """Cancel what user code left running, and let it end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
