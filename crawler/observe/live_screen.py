"""The lines of a crawl redrawn in place at the foot of a terminal; what is said scrolls above.

`rich` is an extra: it is imported by `LiveScreen` alone, and only once there is something to show.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

#: Columns below which one plain line says more than five cut ones.
NARROWEST = 60
#: Lines that may wait for the next redrawing.
_WAITING = 500


def can_redraw(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether lines can be redrawn on a stream.

    They cannot if it is no terminal or a dumb or narrow one, if it cannot write UTF-8, if the user
    wants no control codes (https://no-color.org), or if `rich` is not installed.
    """
    if not stream.isatty() or environ.get("NO_COLOR") or environ.get("TERM") in (None, "", "dumb"):
        return False
    if "utf" not in (stream.encoding or "").lower():
        return False
    with contextlib.suppress(OSError):
        if os.get_terminal_size(stream.fileno()).columns < NARROWEST:
            return False
    return find_spec("rich") is not None


class LiveScreen:
    """Lines at the foot of a terminal.

    Args:
        stream: stderr, of which `can_redraw` is true.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console: Console | None = None
        self._live: Live | None = None
        self._waiting: list[str] = []

    @property
    def width(self) -> int:
        """Columns."""
        with contextlib.suppress(OSError):
            return os.get_terminal_size(self._stream.fileno()).columns
        return 80

    def show(self, lines: Sequence[str]) -> None:
        """Redraw, what waits to be said above it first.

        Raises:
            OSError: The terminal is gone.
        """
        from rich.text import Text

        text = Text("\n".join(lines), no_wrap=True, overflow="ellipsis")
        text.stylize("bold", 0, len(lines[0]) if lines else 0)
        live = self._live or self._begin()
        self._say_waiting()
        live.update(text, refresh=True)

    def say(self, text: str) -> None:
        """Write a line above; with the next redrawing, as many may come at once."""
        self._waiting.append(text)
        if self._live is None or len(self._waiting) >= _WAITING:
            self._say_waiting()

    def close(self) -> None:
        """Take the lines away, the cursor shown again; `show` brings them back."""
        live, self._live = self._live, None
        # A terminal that is gone has nothing to be put back.
        with contextlib.suppress(OSError, ValueError):
            if live is not None:
                live.stop()
            self._say_waiting()

    def _begin(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(
            file=self._stream, markup=False, highlight=False, emoji=False, soft_wrap=True
        )
        # A print() of a spider goes where it went before: to the file, unless that is the screen.
        printed = sys.stdout is not None and sys.stdout.isatty()
        live = self._live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=printed,
        )  # fmt: skip
        live.start()
        return live

    def _say_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        text = "\n".join(waiting)
        if self._live is not None and self._console is not None:
            self._console.print(text, soft_wrap=True, highlight=False)
        else:
            self._stream.write(f"{text}\n")
            self._stream.flush()
