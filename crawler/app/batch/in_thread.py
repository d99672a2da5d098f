"""An asynchronous generator as a plain one, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_AHEAD = 1_000


def iterate(make: Callable[[], AsyncGenerator[T, None]]) -> Iterator[T]:
    """Yield what the generator yields, which is read a little ahead.

    Works where a loop is running already, as in a notebook. Leaving early closes the generator.
    """
    pipe: _Pipe[T] = _Pipe()
    thread = threading.Thread(target=pipe.run, args=(make,), name="batch", daemon=True)
    thread.start()
    try:
        while (one := pipe.ready.get()) is not None:
            if isinstance(one, BaseException):
                raise one
            yield one[0]
    finally:
        pipe.leave()
        thread.join()


class _Pipe(Generic[T]):
    """What goes from the thread to the reader: values, then None or an exception."""

    def __init__(self) -> None:
        self.ready: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(_AHEAD)
        self._left = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reading: asyncio.Task[None] | None = None

    def leave(self) -> None:
        """End the reading, also while the generator waits for something."""
        self._left.set()
        with contextlib.suppress(RuntimeError):  # it has just ended by itself
            if self._loop is not None and self._reading is not None:
                self._loop.call_soon_threadsafe(self._reading.cancel)

    def run(self, make: Callable[[], AsyncGenerator[T, None]]) -> None:
        try:
            asyncio.run(self._read(make))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._put(error)
        else:
            self._put(None)

    async def _read(self, make: Callable[[], AsyncGenerator[T, None]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._reading = asyncio.current_task()
        if self._left.is_set():
            return  # before there was anything to cancel
        async with contextlib.aclosing(make()) as source:
            async for one in source:
                try:
                    self.ready.put_nowait((one,))
                except queue.Full:
                    await asyncio.to_thread(self._put, (one,))
                if self._left.is_set():
                    return

    def _put(self, one: tuple[T] | BaseException | None) -> None:
        """Put as soon as there is room, unless the reader has left."""
        while not self._left.is_set():
            with contextlib.suppress(queue.Full):
                self.ready.put(one, timeout=0.1)
                return
