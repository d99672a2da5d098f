"""Worker processes that are there before a run needs them: copies of this process.

A process that is made anew imports for a third of a second of CPU time what this one has imported
already. A copy (`fork`) has it all and shares its memory. But a process can be copied only while
it has a single thread: what other threads hold at that moment, nobody ever gives back in the copy.
So it is done first thing, before there are an event loop, a store, and code of the user's; and
where it cannot be done, and for a process that takes the place of a dead one, workers are made
anew.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import multiprocessing
import os
import socket
import sys
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

#: What a copy does, given two descriptors: a socket to its parent, a pipe that ends with it.
Work = Callable[[int, int], None]

_THREADS = Path("/proc/self/task")


class ForkedProcess:
    """A copy of this process that waits for its first word.

    Args:
        process: The copy.
        watch: Descriptor that can be read once the copy has ended.
        talk: Our end of the socket to it.
        alive: Our end of a pipe; it ends when that is closed.
    """

    def __init__(self, process: BaseProcess, watch: int, talk: socket.socket, alive: int) -> None:
        self._process = process
        self._watch = watch
        self._talk = talk
        self._alive = alive
        self._taken = False
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None  # it was started
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended: its exit code, or minus the signal; None before `wait` has returned."""
        return self._process.exitcode if self._watch < 0 else None

    @property
    def ends(self) -> tuple[int, int]:
        """Our descriptors, which no other copy may have."""
        return self._talk.fileno(), self._alive

    def take(self) -> tuple[socket.socket, int]:
        """Return socket and pipe; whoever takes them closes them."""
        self._taken = True
        return self._talk, self._alive

    async def wait(self) -> int:
        """Wait until it has ended; return how."""
        if self._watch >= 0:
            loop = asyncio.get_running_loop()
            waiter = loop.create_future()
            if not self._waiting:
                loop.add_reader(self._watch, self._ended, loop)
            self._waiting.append(waiter)
            await waiter
        return self.returncode or 0

    def kill(self) -> None:
        """End it where it stands."""
        if self._watch >= 0:  # else the number may be another process's by now
            self._process.kill()

    def discard(self) -> None:
        """End it if it is still there, and wait for that. No loop may be waiting for it."""
        if not self._taken:
            self._taken = True
            self._talk.close()
            os.close(self._alive)
        if self._watch >= 0:
            self._process.kill()
            self._reap()

    def _ended(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._watch)
        self._reap()
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _reap(self) -> None:
        self._process.join()
        os.close(self._watch)
        self._watch = -1


def fork_processes(count: int, work: Work) -> list[ForkedProcess]:
    """Make copies of this process.

    Args:
        count: How many.
        work: What each of them does; it has ended when that returns.

    Returns:
        The copies, fewer or none where they cannot be had; the caller discards them.
    """
    made: list[ForkedProcess] = []
    with contextlib.suppress(OSError):  # no more processes, no more descriptors
        while len(made) < count and _is_alone():
            made.append(_fork(work, made))
    return made


def _is_alone() -> bool:
    """Tell whether this process can be copied: it has one thread, and the kernel can watch one."""
    return sys.platform == "linux" and len(list(_THREADS.iterdir())) == 1


def _fork(work: Work, others: Sequence[ForkedProcess]) -> ForkedProcess:
    ours, theirs = socket.socketpair()
    watched, alive = os.pipe()
    keep = contextlib.ExitStack()  # ours, but for an error
    keep.callback(os.close, alive)
    keep.callback(ours.close)
    with keep, contextlib.closing(theirs):
        try:
            not_theirs = [ours.fileno(), alive, *(end for one in others for end in one.ends)]
            process = multiprocessing.get_context("fork").Process(
                target=_work, args=(work, theirs.fileno(), watched, not_theirs),
                name=f"worker-{len(others) + 1}",
            )  # fmt: skip
            process.start()
            assert process.pid is not None
            try:
                watch = os.pidfd_open(process.pid)
            except OSError:
                process.kill()
                process.join()
                raise
        finally:
            os.close(watched)
        keep.pop_all()
    return ForkedProcess(process, watch, ours, alive)


def _work(work: Work, talk: int, watched: int, not_theirs: Sequence[int]) -> None:
    """Work as a copy. What is the parent's is closed: others could not see its end."""
    for descriptor in not_theirs:
        os.close(descriptor)
    # What user code asks for at the end of its process is done, and nothing of the parent's.
    atexit._clear()  # noqa: SLF001 - as multiprocessing does, from Python 3.13 on
    try:
        work(talk, watched)
    finally:
        atexit._run_exitfuncs()  # noqa: SLF001
