"""What a run says on stderr: plain lines, no colour, no cursor codes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TextIO

QUIET, NORMAL, VERBOSE, DEBUG = -1, 0, 1, 2
_MAX_TEXT = 500


def safe(text: str, most: int = _MAX_TEXT) -> str:
    """Return remote text that can do nothing to a terminal or a log: one line, no controls.

    Args:
        text: From anywhere.
        most: Characters that are kept; "…" stands for the rest.
    """
    if len(text) > most:
        text = text[: most - 1] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Console:
    """Writes lines for people.

    Args:
        stream: stderr.
        level: QUIET (errors only), NORMAL (start, progress, warnings, summary), VERBOSE (a line
            for each page) or DEBUG.

    Attributes:
        above: Takes the lines while something else has the screen; None when nothing has.
    """

    def __init__(self, stream: TextIO, level: int = NORMAL) -> None:
        self._stream = stream
        self.level = level
        self.above: Callable[[str], None] | None = None

    def say(self, text: str, level: int = NORMAL) -> None:
        """Write a line if the level asks for it; a closed stderr is no reason to stop."""
        if level > self.level:
            return
        with contextlib.suppress(OSError, ValueError):
            if self.above is not None:
                self.above(text)
                return
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def error(self, text: str) -> None:
        """Write a line whatever the level."""
        self.say(text, QUIET)
