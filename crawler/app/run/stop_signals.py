"""Ctrl-C and SIGTERM: the first lets what is in flight finish, the second does not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

#: Seconds that requests in flight get after the first signal.
GRACE = 20.0
_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class StopSignals:
    """Handlers for the time of a crawl and its end.

    A signal reaches us twice: at once, between two steps of whatever Python code is running, and
    then as an event of the loop. The first is only counted, so that a second signal gets through
    even when a callback keeps the loop from its events.

    Args:
        stop: Called with the signal's name at the first one: finish what is in flight.
        quit_now: Called at the second one, or when the grace period is over.
        say: Tells the user.
        abort: Called with the exit code at the second one if the loop does not listen: ends the
            process on the spot. The state is then as after a kill.
    """

    def __init__(
        self,
        stop: Callable[[str], None],
        quit_now: Callable[[], None],
        say: Callable[[str], None],
        abort: Callable[[int], None],
    ) -> None:
        self._stop = stop
        self._quit_now = quit_now
        self._say = say
        self._abort = abort
        self._timer: asyncio.TimerHandle | None = None
        self._came = 0
        self._heard = 0
        self._ended = False
        self.exit_code: int | None = None

    def __enter__(self) -> StopSignals:
        loop = asyncio.get_running_loop()
        for number in _EXIT_CODES:
            loop.add_signal_handler(number, self._received, number)
            signal.signal(number, self._came_in)
        return self

    def __exit__(self, *_: object) -> None:
        self._cancel_timer()
        loop = asyncio.get_running_loop()
        for number in _EXIT_CODES:
            loop.remove_signal_handler(number)

    def crawl_ended(self) -> None:
        """From here on the run is written down: short work, and better not torn."""
        self._ended = True
        self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _came_in(self, number: int, _: FrameType | None) -> None:
        self._came += 1
        if self._came > self._heard + 1 or (self._ended and self._came > 1):
            self._abort(_EXIT_CODES[signal.Signals(number)])

    def _received(self, number: signal.Signals) -> None:
        self._heard += 1
        if self._ended:
            self._say("the crawl is over; writing its report")
        elif self.exit_code is not None:
            self._quit_now()
        else:
            self.exit_code = _EXIT_CODES[number]
            self._say(
                f"stopping: finishing what is in flight, up to {GRACE:.0f} s; again to quit now"
            )
            self._stop(signal.Signals(number).name)
            self._timer = asyncio.get_running_loop().call_later(GRACE, self._quit_now)
