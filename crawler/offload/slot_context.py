"""How the processes of slots are made: never by forking the crawler, which has threads.

Imported by each of those processes as well, since it is told which class it is an object of.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from multiprocessing.context import (
    ForkServerContext,
    ForkServerProcess,
    SpawnContext,
    SpawnProcess,
)
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

#: Exit code of a process that had no memory left to say so.
OUT_OF_MEMORY = 86
_PRELOAD = "crawler.offload.child"
_starting = threading.Lock()
_searching = threading.Lock()
#: Python's own switch (3.11), and what tells that it is we who set it.
_SAFE_PATH, _OURS = "PYTHONSAFEPATH", "crawler"


class _Lean(BaseProcess):
    """Does not import the parent's main module again, as processes do that are not forked.

    Functions come by name, so nothing in there is needed; a script need not be guarded against
    its own processes, and what it imports (aiohttp, say) is not loaded N times.
    """

    def start(self) -> None:
        with _starting, _no_main():
            super().start()

    def run(self) -> None:
        if os.environ.get(_SAFE_PATH) == _OURS:  # not for what the user's functions may start
            del os.environ[_SAFE_PATH]
        try:
            super().run()
        except MemoryError:
            os._exit(OUT_OF_MEMORY)


@contextlib.contextmanager
def safe_path() -> Iterator[None]:
    """Let processes that Python starts for itself not import from the current directory first.

    The fork server and the tracker of semaphores are started by `python -c`, for which a file
    `struct.py` of a job's folder would pass for the module of that name.
    """
    with _searching:
        if _SAFE_PATH in os.environ:
            yield
            return
        os.environ[_SAFE_PATH] = _OURS
        try:
            yield
        finally:
            del os.environ[_SAFE_PATH]


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """Let `multiprocessing.spawn.get_preparation_data` find a main module without a file."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class ForkServerSlot(_Lean, ForkServerProcess):
    """Forked by a small server."""


class SpawnSlot(_Lean, SpawnProcess):
    """A new interpreter."""


class ForkServer(ForkServerContext):
    """Makes a `ProcessPoolExecutor` use our processes.

    Attributes:
        made: The last one: the pool itself tells neither how to kill it nor how it ended.
    """

    made: BaseProcess | None = None

    def Process(self, *args: Any, **kwargs: Any) -> ForkServerSlot:  # type: ignore[override]  # noqa: N802
        """Return a process; the pool calls this as it would call a class."""
        self.made = made = ForkServerSlot(*args, **kwargs)
        return made


class Spawn(SpawnContext):
    """The same without a fork server."""

    made: BaseProcess | None = None

    def Process(self, *args: Any, **kwargs: Any) -> SpawnSlot:  # type: ignore[override]  # noqa: N802
        """Return a process; the pool calls this as it would call a class."""
        self.made = made = SpawnSlot(*args, **kwargs)
        return made


def slot_context(method: str = "auto") -> ForkServer | Spawn:
    """Return what makes the processes.

    Args:
        method: "forkserver", "spawn", or "auto": the fork server on Linux, else spawn. macOS has
            one too, but its system libraries do not like to be forked.
    """
    if method == "spawn" or (method == "auto" and not sys.platform.startswith("linux")):
        return Spawn()
    context = ForkServer()
    context.set_forkserver_preload([_PRELOAD])
    return context
