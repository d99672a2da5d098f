"""One run of ffmpeg or ffprobe: watched, limited, and gone when we are."""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import IO

import msgspec

from crawler.media.trouble import KEPT, MediaError, Trouble

#: Seconds between two looks while a tool says nothing.
_LOOK = 0.5
#: Seconds that a process may take to be gone once it was killed, or has closed its pipes.
_GONE = 10.0
_CHUNK = 65_536
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None
_ENVIRON = {
    "AV_LOG_FORCE_NOCOLOR": "1",
    "SVT_LOG": "1",  # errors only
    "LC_ALL": "C.UTF-8",  # last words are looked through
}


class ToolEnd(msgspec.Struct, frozen=True):
    """How a tool ended.

    Attributes:
        code: Its exit code; negative for a signal.
        said: The end of its standard error.
    """

    code: int
    said: bytes


def run_tool(
    command: list[str],
    *,
    timeout: float,
    stall: float,
    heard: Callable[[bytes], bool],
    beat: Callable[[], None],
) -> ToolEnd:
    """Run a tool to its end, with nothing on its standard input.

    Args:
        command: The program and its arguments.
        timeout: Seconds it may take.
        stall: Seconds in which `heard` may find nothing new.
        heard: Gets what it writes to standard output; returns whether that is news.
        beat: Called all along, at least every second.

    Raises:
        MediaError: It took too long, or did nothing for too long, and was killed; or it could not
            be started.
    """
    with _started(command) as process:
        said = _watch(process, (monotonic() + timeout, timeout), stall, heard, beat)
        try:
            code = process.wait(_GONE)
        except subprocess.TimeoutExpired as error:
            raise MediaError(Trouble.STALLED, "it closed its pipes and went on") from error
    return ToolEnd(code, said)


@contextlib.contextmanager
def _started(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    us = os.getpid()
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **_ENVIRON}, preexec_fn=lambda: _die_with(us),
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise MediaError(Trouble.FAILED, f"{command[0]} cannot be started: {error}") from error
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GONE)


def _die_with(parent: int) -> None:
    """Let the kernel end a tool with the process that started it, whatever ends that one.

    A slot's whole group is killed by the parent, or by the slot's own watch when the parent is
    gone. Only when both die at the same instant nobody is left to do it.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def _watch(
    process: subprocess.Popen[bytes],
    limit: tuple[float, float],
    stall: float,
    heard: Callable[[bytes], bool],
    beat: Callable[[], None],
) -> bytes:
    """Read both pipes to their ends; return the end of standard error."""
    assert process.stdout is not None
    assert process.stderr is not None
    said = b""
    news = monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(_LOOK):
                pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
                chunk = os.read(pipe.fileno(), _CHUNK)
                if not chunk:
                    selector.unregister(pipe)
                elif pipe is process.stderr:
                    said = (said + chunk)[-KEPT:]
                elif heard(chunk):
                    news = monotonic()
            beat()
            now = monotonic()
            if now > limit[0]:
                raise MediaError(Trouble.TIMEOUT, f"not done after {limit[1]:,.0f} s")
            if now - news > stall:
                raise MediaError(Trouble.STALLED, f"no progress for {stall:,.0f} s")
    return said
