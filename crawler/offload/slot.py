"""One slot: a `ProcessPoolExecutor` of a single process, and how it is replaced.

A pool of one: when a process dies, a pool fails everything it was given, so that nobody could tell
who was guilty; and only with one process can the guilty one be killed alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import signal
import sysconfig
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import connection
from typing import Any, TypeVar

from crawler.fail_points import reached
from crawler.offload.child import (
    Batch,
    BatchResult,
    ChildSettings,
    Hello,
    begin,
    hello,
    learn,
    run_batch,
)
from crawler.offload.offloaded import Kind
from crawler.offload.slot_context import OUT_OF_MEMORY, safe_path, slot_context
from crawler.offload.waiting import BATCH_SECONDS

T = TypeVar("T")

#: Seconds a process may take to begin, or to import a function.
START = 60.0
#: Seconds on top of any limit: for the way there and back on a busy machine, and for the payloads
#: of a batch before its last one.
_SLACK = 0.5 + BATCH_SECONDS
#: Seconds it may take to say where it is before it is killed for being late.
_LAST_WORDS = 0.2
_PAUSE = 0.05
#: Seconds an idle process may take to leave.
_LEAVE = 2.0
_MAX_FAULT = 16_000
_FRAME = re.compile(r'  File "(.+)", line (\d+) in (.+)')
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep  # noqa: PTH100, PTH120 - as in frames
_LIBRARY = sysconfig.get_path("stdlib") + os.sep


class SlotDied(Exception):
    """The process of a slot is gone; the slot has to be started again.

    Attributes:
        kind: `TIMEOUT`, `MEMORY` or `DIED`.
        fault: Where its threads were, as faulthandler writes it; "" if it could not.
    """

    def __init__(self, kind: Kind, message: str, fault: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.fault = fault


class Slot:
    """One process at a time, which runs one thing at a time.

    Args:
        settings: How the process begins.
        threads: Where it is started and waited for: neither may stop the loop.
        method: See `slot_context`.

    Attributes:
        learned: Functions that its process has imported.
        busy: Held by whoever uses the process.
        rss: Bytes that it held when last heard of, and when it began.
        preloaded: It was forked from a server that had what it needs.
    """

    def __init__(
        self, settings: ChildSettings, threads: ThreadPoolExecutor, method: str = "auto"
    ) -> None:
        self._settings = settings
        self._threads = threads
        self._context = slot_context(method)
        self._pool: ProcessPoolExecutor | None = None
        self._changing = threading.Lock()
        self._over = False
        self._faults: connection.Connection | None = None
        self.busy = asyncio.Lock()
        self.learned: set[str] = set()
        self.rss = self.first_rss = 0
        self.preloaded = False

    @property
    def pid(self) -> int | None:
        """Of the process; None before the first start."""
        return self._context.made.pid if self._context.made is not None else None

    async def start(self) -> None:
        """Start a process, and wait until it answers.

        Raises:
            SlotDied: It did not.
        """
        reached("slot.start.before")
        loop = asyncio.get_running_loop()
        greeting = await loop.run_in_executor(self._threads, self._launch)
        said: Hello = await self._result(greeting, START)
        self.preloaded, self.rss, self.first_rss = said.preloaded, said.rss, said.rss
        reached("slot.start.after")

    def _launch(self) -> Future[Hello]:
        # Whoever waits for this may be cancelled; `end` must not come before the pool is there.
        with self._changing:
            if self._over:
                return _failed(OSError(errno.ESHUTDOWN, "the slot is closed"))
            self._faults, theirs = self._context.Pipe(duplex=False)
            try:
                with safe_path():
                    self._pool = ProcessPoolExecutor(
                        1, self._context, initializer=begin, initargs=(self._settings, theirs)
                    )
                    greeting = self._pool.submit(hello)
            except OSError as error:  # no process, no descriptor left
                return _failed(error)
            finally:
                theirs.close()
            _let_go(self._pool)
            return greeting

    async def learn(self, function: str) -> str:
        """Import a function; return "", or why it cannot be had.

        Raises:
            SlotDied: Importing it ended the process, or never ended.
        """
        if function in self.learned:
            return ""
        why: str = await self._submit(START, learn, function)
        if not why:
            self.learned.add(function)
        return why

    async def run(self, batch: Batch, limit: float) -> BatchResult:
        """Run a batch.

        Args:
            batch: Its function was learned.
            limit: Seconds its last payload may take.

        Raises:
            SlotDied: The process ended, or was killed for being late.
        """
        result: BatchResult = await self._submit(limit, run_batch, batch)
        self.rss = result.rss
        return result

    async def _submit(self, limit: float, work: Callable[..., T], *args: Any) -> T:
        assert self._pool is not None
        try:
            future = self._pool.submit(work, *args)
        except RuntimeError as error:  # it broke while it was idle
            raise await self._obituary(error) from error
        return await self._result(future, limit)

    async def _result(self, future: Future[T], limit: float) -> T:
        waiting = asyncio.wrap_future(future)
        try:
            await asyncio.wait({waiting}, timeout=limit + _SLACK)
        except asyncio.CancelledError:
            waiting.cancel()
            raise
        if not future.done():
            # A value that comes after all is nobody's.
            waiting.cancel()
            loop = asyncio.get_running_loop()
            fault = await loop.run_in_executor(self._threads, self._ask_where)
            await self._bury()
            raise SlotDied(Kind.TIMEOUT, f"not done after {limit:.3g} s{_place(fault)}", fault)
        try:
            return await waiting
        except asyncio.CancelledError:
            raise
        # It broke, or passes on what its process could not send.
        except Exception as error:
            raise await self._obituary(error) from error

    def _ask_where(self) -> str:
        process = self._context.made
        if process is None or process.pid is None or self._faults is None:
            return ""
        with contextlib.suppress(OSError):
            os.kill(process.pid, signal.SIGUSR1)
            self._faults.poll(_LAST_WORDS)
        return self._fault(_PAUSE)

    def _fault(self, pause: float = 0.0) -> str:
        """Return what faulthandler wrote; it is over after a pause of so many seconds."""
        said = b""
        with contextlib.suppress(OSError, EOFError):
            while self._faults is not None and len(said) < _MAX_FAULT and self._faults.poll(pause):
                chunk = os.read(self._faults.fileno(), _MAX_FAULT)
                if not chunk:
                    break
                said += chunk
        return _users_part(said.decode(errors="replace"))

    async def _obituary(self, error: BaseException) -> SlotDied:
        """Return how the process ended, when it did of itself."""
        await self._bury()
        fault = self._fault()
        made = self._context.made
        code = made.exitcode if made is not None else None
        if isinstance(error, MemoryError) or code == OUT_OF_MEMORY:
            return SlotDied(Kind.MEMORY, "the process ran out of memory", fault)
        if isinstance(error, OSError) and not fault:
            return SlotDied(Kind.DIED, f"no process could be started: {error.strerror}")
        return SlotDied(Kind.DIED, f"the process {_ended(code)}{_place(fault)}", fault)

    async def _bury(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self.kill)

    def kill(self) -> None:
        """End the process at once, and wait for that."""
        with self._changing:
            pool, self._pool = self._pool, None
            self.learned = set()
            if pool is None:
                return
            self._kill_family()
            pool.shutdown(wait=True, cancel_futures=True)

    def retire(self) -> None:
        """Let an idle process end, and wait for that; one that does not is killed."""
        with self._changing:
            pool, self._pool = self._pool, None
            self.learned = set()
            if pool is None:
                return
            # A function may have left a thread behind that never ends.
            late = threading.Timer(_LEAVE, self._kill_family)
            late.start()
            pool.shutdown(wait=True)
            late.cancel()
            self._kill_family()

    def _kill_family(self) -> None:
        """Kill the process, and those that its functions have started."""
        process = self._context.made
        if process is None or process.pid is None:
            return
        for kill in (partial(os.killpg, process.pid, signal.SIGKILL), process.kill):
            with contextlib.suppress(OSError):  # nobody is left, or it has not come so far yet
                kill()

    def end(self, *, hurry: bool) -> None:
        """End the process for good, and wait for that; it is killed at once if it is busy."""
        self._over = True
        if hurry:
            self.kill()
        else:
            self.retire()
        if self._faults is not None:
            self._faults.close()


def _failed(error: OSError) -> Future[Hello]:
    future: Future[Hello] = Future()
    future.set_exception(error)
    return future


def _let_go(pool: ProcessPoolExecutor) -> None:
    """Close our copies of the ends of pipes that are the process's.

    With them open, nobody notices that it died in the middle of a message: its answer would be
    waited for and its payload be written for ever (cpython#94777 is half of it). The pool has no
    other way to say so; where a later one has other names, it is as it comes.
    """
    for queue, end in (("_call_queue", "_reader"), ("_result_queue", "_writer")):
        pipe = getattr(getattr(pool, queue, None), end, None)
        if pipe is not None:
            pipe.close()


def _ended(code: int | None) -> str:
    if code is None:
        return "ended"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    more = ", as the system does when memory runs out" if code == -signal.SIGKILL else ""
    return f"was ended by {name}{more}"


def _users_part(fault: str) -> str:
    """Return what faulthandler wrote, up to where our own frames begin."""
    lines = fault.splitlines(keepends=True)
    ours = (n for n, line in enumerate(lines) if (m := _FRAME.match(line)) and _is_ours(m[1]))
    return "".join(lines[: next(ours, len(lines))])


def _is_ours(file: str) -> bool:
    return file.startswith(_OURS)


def _place(fault: str) -> str:
    """Return the innermost place outside the standard library, as ", in function (file:line)"."""
    frames = _FRAME.findall(fault)
    users = [frame for frame in frames if not frame[0].startswith((_LIBRARY, "<frozen "))]
    if not users:
        return ""
    file, line, function = users[0]
    return f", in {function} ({'/'.join(file.split('/')[-2:])}:{line})"
