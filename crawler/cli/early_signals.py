"""SIGTERM and SIGHUP while no run listens to them yet: words and an exit code instead of neither.

A run takes over with its own handlers once its loop goes (`crawler.app.run.stop_signals`). Until
then there is nothing to save, be it that a spider's module takes a minute to import.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_STDERR = 2


@contextmanager
def early_signals() -> Iterator[None]:
    """Say that a signal ended the command; afterwards all is as before, but for what others set."""
    before = {}
    # Of its own: a run that is to be silent has what is printed put elsewhere.
    stderr = os.dup(_STDERR)

    def leave(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        with suppress(OSError):
            # Not through sys.stderr: it may be in the middle of a line, and not be entered twice.
            said = f"stopped by {name} before a crawl began: nothing was fetched\n"
            os.write(stderr, said.encode())
        os._exit(128 + signal.SIGTERM)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            # nohup has the terminal's end ignored; a handler is somebody else's.
            if signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is leave:
                signal.signal(number, handler)
        os.close(stderr)
