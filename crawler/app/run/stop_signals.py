"""Ctrl-C, SIGTERM and `crawler stop`: the first lets what is in flight finish, the second does not.

From the first moment of a run to its last one: before the crawl begins there is nothing to finish,
and once it has ended the exit code is known and nothing holds the process any more.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from crawler.interfaces import Clock

#: Seconds that requests in flight get after the first signal.
GRACE = 20.0
#: Seconds that giving up may take, until the process is ended whatever keeps it.
_BEYOND = 10.0
#: Seconds in which further signals are echoes of the first: `timeout -s INT` sends one to the
#: process and one to its group.
ECHO = 0.3
#: The word of `crawler stop` for why a run ended.
STOP_COMMAND = "stop"
# A terminal that was closed ends a run as SIGTERM does.
_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}


class StopSignals:
    """Handlers for the time of a run; a context.

    A signal reaches us twice: at once, between two steps of whatever Python code is running, and
    then as an event of the loop. The first is only counted, so that a second signal gets through
    even when a callback keeps the loop from its events.

    Args:
        say: Tells the user.
        abort: Called with the exit code at the second signal if the loop does not listen, or when
            what was to end does not: ends the process on the spot. The state is then as after a
            kill. May be called from any thread.
        clock: The time.

    Attributes:
        exit_code: Of a run that was stopped; None as long as it was not.
    """

    def __init__(
        self, say: Callable[[str], None], abort: Callable[[int], None], clock: Clock
    ) -> None:
        self._say = say
        self._abort = abort
        self._clock = clock
        self._stop: Callable[[str], None] | None = None
        self._quit_now: Callable[[], None] | None = None
        self._run: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last_resort: threading.Timer | None = None
        self._handled: list[signal.Signals] = []
        self._came = 0
        self._heard = 0
        self._came_at = 0.0
        self._ended = False
        self._kept: int | None = None
        self.exit_code: int | None = None

    def __enter__(self) -> StopSignals:
        loop = asyncio.get_running_loop()
        self._run = asyncio.current_task()
        for number in _EXIT_CODES:
            # nohup has the terminal's end ignored, and so do we.
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue
            loop.add_signal_handler(number, self._received, number)
            signal.signal(number, self._came_in)
            self._handled.append(number)
        return self

    def __exit__(self, *_: object) -> None:
        self._cancel_timers()
        loop = asyncio.get_running_loop()
        # None gets through between the handlers of the run and those of what is left.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._handled)
        for number in self._handled:
            loop.remove_signal_handler(number)
            if self._kept is not None:
                signal.signal(number, self._leave)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._handled)
        if self._kept is not None:
            # At its very end Python gives signals their own way back, but to those ignored.
            atexit.register(_ignore, tuple(self._handled))

    def crawling(self, stop: Callable[[str], None], quit_now: Callable[[], None]) -> None:
        """Note that the crawl begins.

        Args:
            stop: Called with the signal's name at the first one: finish what is in flight.
            quit_now: Called at the second one, or when the grace period is over.
        """
        self._stop, self._quit_now = stop, quit_now

    def crawl_ended(self) -> None:
        """From here on the run is written down: short work, and better not torn."""
        self._ended = True
        self._cancel_timers()

    def keep(self, exit_code: int) -> None:
        """Let a signal end the process with this exit code once the context is left.

        To be called last of all in it, when everything is written.
        """
        self._kept = exit_code

    def _leave(self, _: int, __: FrameType | None) -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, RuntimeError, AttributeError):
                stream.flush()
        os._exit(self._kept or 0)

    def ask(self, *, now: bool) -> str:
        """Stop as a signal does, for `crawler stop`; return what is going to happen.

        Args:
            now: Give up what is in flight.
        """
        if self._ended:
            return "the crawl is over already; its report is being written"
        for _ in range(2 if now and self.exit_code is None else 1):
            self._came += 1
            self._hear(STOP_COMMAND, _EXIT_CODES[signal.SIGTERM])
        return "gives up what is in flight" if self._heard > 1 else "finishes what is in flight"

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cancel_timers(self) -> None:
        self._cancel_timer()
        if self._last_resort is not None:
            self._last_resort.cancel()
            self._last_resort = None

    def _came_in(self, number: int, _: FrameType | None) -> None:
        now = self._clock.monotonic()
        if self._came and now - self._came_at < ECHO:
            return
        self._came += 1
        self._came_at = now
        code = _EXIT_CODES[signal.Signals(number)]
        if self._came > self._heard + 1 or self._came > 2 or (self._ended and self._came > 1):
            self._abort(code)
        elif not self._ended and self._last_resort is None:
            # The loop may never hear of it: then this thread does what is left to be done.
            self._last_resort = threading.Timer(GRACE + _BEYOND, self._abort, (code,))
            self._last_resort.daemon = True
            self._last_resort.start()

    def _received(self, number: signal.Signals) -> None:
        if self._heard < self._came:  # else it is an echo
            self._hear(signal.Signals(number).name, _EXIT_CODES[number])

    def _hear(self, name: str, code: int) -> None:
        self._heard += 1
        if self._ended:
            self._say("the crawl is over; writing its report")
        elif self.exit_code is not None:
            self._now()
        else:
            self.exit_code = code
            if self._stop is None:
                self._say("stopping: the crawl has not begun")
                self._now()
                return
            self._say(
                f"stopping: finishing what is in flight, up to {GRACE:.0f} s; again to quit now"
            )
            self._stop(name)
            self._timer = asyncio.get_running_loop().call_later(GRACE, self._now)

    def _now(self) -> None:
        self._cancel_timer()
        code = self.exit_code or _EXIT_CODES[signal.SIGINT]
        self._timer = asyncio.get_running_loop().call_later(_BEYOND, self._abort, code)
        if self._quit_now is not None:
            self._quit_now()
        elif self._run is not None:
            self._run.cancel()


def _ignore(numbers: tuple[signal.Signals, ...]) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
