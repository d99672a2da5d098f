"""What a person sees while videos are made: lines redrawn in place, or one now and then."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from crawler.app.batch.reckoning import Reckoning
from crawler.interfaces import Clock
from crawler.observe.console import NORMAL, Console, safe
from crawler.observe.quantities import about, clock_text

if TYPE_CHECKING:
    from crawler.observe.live_screen import LiveScreen

_REDRAWN, _STATUS_TTY, _STATUS_LOG = 0.25, 10.0, 60.0
_NAME = 48


class TranscodeProgress:
    """Shows where a batch stands; a context, so that the terminal is put back.

    Args:
        console: Says nothing below NORMAL, and then nothing is shown.
        stream: stderr.
        clock: The time.
        look: Brings the reckoning up to date.
    """

    def __init__(
        self, console: Console, stream: TextIO, clock: Clock, look: Callable[[], Reckoning]
    ) -> None:
        self._console = console
        self._stream = stream
        self._clock = clock
        self._look = look
        self._begun = clock.monotonic()
        self.failed = 0
        self._screen = self._make_screen()

    def _make_screen(self) -> LiveScreen | None:
        if self._console.level < NORMAL or not self._stream.isatty():
            return None
        from crawler.observe.live_screen import LiveScreen, can_redraw

        return LiveScreen(self._stream) if can_redraw(self._stream, os.environ) else None

    def __enter__(self) -> TranscodeProgress:
        if self._screen is not None:
            self._console.above = self._screen.say
        return self

    def __exit__(self, *_: object) -> None:
        self._console.above = None
        if self._screen is not None:
            self._screen.close()

    async def run(self) -> None:
        """Look, and show, until cancelled."""
        period = _STATUS_TTY if self._stream.isatty() else _STATUS_LOG
        said = self._clock.monotonic()
        while True:
            await self._clock.sleep(_REDRAWN)
            reckoning, now = self._look(), self._clock.monotonic()
            reckoning.see(now)
            if self._screen is not None:
                self._redraw(self._screen, self.lines(reckoning, now))
            elif now - said >= period:
                said = now
                self._console.say(self.lines(reckoning, now)[0])

    def _redraw(self, screen: LiveScreen, lines: list[str]) -> None:
        from crawler.observe.keys import in_foreground

        # The terminal may be gone, or another program's; the work goes on without an audience.
        with contextlib.suppress(OSError, asyncio.InvalidStateError):
            if in_foreground(self._stream.fileno()):
                screen.show(lines)

    def lines(self, reckoning: Reckoning, now: float) -> list[str]:
        """Return a line for all, and one for each video under way."""
        rate, eta = reckoning.rate, reckoning.eta(now)
        parts = [
            f"transcode {clock_text(now - self._begun)}",
            f"{reckoning.ended:,} of {reckoning.count:,} videos",
            f"failed {self.failed:,}",
            f"{reckoning.share:.0%}",
        ]
        if rate > 0:
            parts.append(f"{rate:.1f}x")
        if eta is not None:
            parts.append(f"ETA {about(eta)}")
        below = [
            f"  {one.share:4.0%}  {safe(one.name, _NAME)}"
            for _, one in sorted(reckoning.going.items())
        ]
        return ["   ".join(parts), *below]
