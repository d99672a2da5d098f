"""Ctrl-C and SIGTERM: the first lets what is in flight finish, the second does not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

#: Seconds that requests in flight get after the first signal.
GRACE = 20.0
_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class StopSignals:
    """Handlers for the time of a crawl.

    Args:
        stop: Called with the signal's name at the first one: finish what is in flight.
        quit_now: Called at the second one, or when the grace period is over.
        say: Tells the user.
    """

    def __init__(
        self, stop: Callable[[str], None], quit_now: Callable[[], None], say: Callable[[str], None]
    ) -> None:
        self._stop = stop
        self._quit_now = quit_now
        self._say = say
        self._timer: asyncio.TimerHandle | None = None
        self.exit_code: int | None = None

    def __enter__(self) -> StopSignals:
        loop = asyncio.get_running_loop()
        for number in _EXIT_CODES:
            loop.add_signal_handler(number, self._received, number)
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        for number in _EXIT_CODES:
            loop.remove_signal_handler(number)

    def _received(self, number: signal.Signals) -> None:
        if self.exit_code is not None:
            self._quit_now()
            return
        self.exit_code = _EXIT_CODES[number]
        self._say(f"stopping: finishing what is in flight, up to {GRACE:.0f} s; again to quit now")
        self._stop(signal.Signals(number).name)
        self._timer = asyncio.get_running_loop().call_later(GRACE, self._quit_now)
