"""Single keys from the terminal while a crawl goes on, and the terminal as it was afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import Callable, Mapping
from typing import Any, TextIO


class Keys:
    """Reads keys without waiting for Enter, and without showing them.

    The terminal is the user's: it is changed only while this process is in the foreground, and put
    back by `close` on every way out. Ctrl-C and Ctrl-Z go on being signals.

    Args:
        stream: stdin, a terminal.
        actions: What a key does, by the character; others do nothing.
    """

    def __init__(self, stream: TextIO, actions: Mapping[str, Callable[[], None]]) -> None:
        self._fd = stream.fileno()
        self._actions = actions
        self._saved: list[Any] | None = None

    @property
    def listening(self) -> bool:
        """Keys are read now."""
        return self._saved is not None

    def open(self) -> None:
        """Listen, if the process is in the foreground; else nothing happens."""
        if self.listening or not in_foreground(self._fd):
            return
        with contextlib.suppress(termios.error, OSError):
            saved = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd, termios.TCSANOW)
            self._saved = saved
            asyncio.get_running_loop().add_reader(self._fd, self._read)

    def close(self) -> None:
        """Give the terminal back as it was; safe to call again, and from a signal handler."""
        saved, self._saved = self._saved, None
        if saved is None:
            return
        # In the background the attempt would stop the process; the shell has its own mode there.
        if in_foreground(self._fd):
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._fd, termios.TCSANOW, saved)
        with contextlib.suppress(RuntimeError, OSError, ValueError):
            asyncio.get_running_loop().remove_reader(self._fd)

    def _read(self) -> None:
        try:
            typed = os.read(self._fd, 64)
        except BlockingIOError:
            return
        except OSError:
            typed = b""
        if not typed:  # the terminal is gone
            self.close()
            return
        for key in typed.decode("ascii", "ignore").lower():
            action = self._actions.get(key)
            if action is not None:
                action()


def in_foreground(fd: int) -> bool:
    """Tell whether the terminal of a descriptor listens to this process, and not to another."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
