"""Names the callback that keeps the event loop from everything, from a thread beside it.

A plain callback that computes or blocks for a minute stops the whole crawl, with the watchdog, and
nobody can end it but the user. So the thread says which one it is, and where it stands.
"""

from __future__ import annotations

import os.path
import sys
import sysconfig
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from crawler.app.run.callback_name import callback_name
from crawler.app.run.wiring import Wired
from crawler.observe.console import safe
from crawler.observe.quantities import took

#: Seconds between two looks.
PERIOD = 5.0
_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep  # noqa: PTH100, PTH120 - as in frames
_LIBRARY = sysconfig.get_path("stdlib") + os.sep


class BlockedLoop:
    """A thread that waits for the loop's beat; a context, entered on the loop's own thread.

    Args:
        wired: The crawl.
        tell: Says a line on the screen and in the log; called in the thread.
        limit: Seconds without a beat that are worth a word.

    Attributes:
        times: How often that was.
        longest: Seconds of the longest, so far as they were seen.
    """

    def __init__(self, wired: Wired, tell: Callable[[str], None], limit: float) -> None:
        self._wired = wired
        self._tell = tell
        self._limit = limit
        self._loop_thread = threading.get_ident()
        self._over = threading.Event()
        self._beats = self._seen = 0
        self._still = 0.0
        self._word = limit
        self.times = 0
        self.longest = 0.0

    def __enter__(self) -> Self:
        self._loop_thread = threading.get_ident()
        threading.Thread(target=self._watch, name="loop watch", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()

    def beat(self) -> None:
        """Say that the loop is alive; called on it."""
        self._beats += 1

    def _watch(self) -> None:
        while not self._over.wait(PERIOD):
            self.look()

    def look(self) -> None:
        """Look whether the loop has moved since the last look, one `PERIOD` ago."""
        # Our own looks are counted: a process that was stopped for an hour looked once.
        self._still = 0.0 if self._beats != self._seen else self._still + PERIOD
        self._seen = self._beats
        if self._still == 0.0:
            self._word = self._limit
        elif self._still >= self._word:
            self.times += self._word == self._limit
            self._word = self._still * 2
            self._tell(self._words(self._still))
        if self._still >= self._limit:
            self.longest = max(self.longest, self._still)

    def _words(self, seconds: float) -> str:
        return (
            f"nothing has moved for {took(seconds)}: {self._running()} keeps the event loop from"
            f" everything else{self._place()}; move CPU work out: transform in the config, or"
            " self.offload in a spider"
        )

    def _running(self) -> str:
        """Name the callbacks that run; the loop stands still, but others may not."""
        try:
            flights = self._wired.crawl.sight.flights.oldest(10_000)
        except RuntimeError:  # it moved just now
            return "something"
        running = [
            flight for flight in flights
            if self._wired.callbacks.since(flight.request.id) is not None
        ]  # fmt: skip
        if not running:
            return "something that is no callback"
        request = running[-1].request
        name = callback_name(request) or "parse"
        more = f" (or one of {len(running) - 1} more callbacks)" if len(running) > 1 else ""
        return f"callback {name} of {safe(request.url, 120)}{more}"

    def _place(self) -> str:
        """Return where the loop's thread stands in the user's own code; "" if it does not."""
        frame: FrameType | None = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - there is no other way
        while frame is not None:
            name = frame.f_code.co_filename
            if not name.startswith((_OURS, _LIBRARY, "<")):
                short = "/".join(name.split("/")[-2:])
                return f", at {short}:{frame.f_lineno} in {frame.f_code.co_name}"
            frame = frame.f_back
        return ""
