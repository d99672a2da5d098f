"""Lets a process end with its parent, whatever ends that one.

A pipe is the watch: its other end is the parent's alone, and the kernel closes it when the parent
is gone. Nobody ever writes to it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from multiprocessing import connection


def end_with(sentinel: int) -> None:
    """End this process when the other end of a pipe is closed.

    The first of a process group takes the group along: what user code started is in it.

    Args:
        sentinel: Descriptor of the end to read from; to be left open.
    """
    threading.Thread(target=_watch, args=(sentinel,), name="parent", daemon=True).start()
    # The thread needs the interpreter's lock, which an expression that backtracks for ever never
    # lets go. The kernel needs nothing: the default action of SIGIO is the end.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(sentinel, fcntl.F_SETOWN, -os.getpid() if _leads() else os.getpid())
    flags = fcntl.fcntl(sentinel, fcntl.F_GETFL)
    fcntl.fcntl(sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    if _leads():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _leads() -> bool:
    return os.getpgrp() == os.getpid()
