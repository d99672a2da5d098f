"""What a person sees of a crawl that goes on: lines redrawn in place, or one now and then; keys.

What that takes is imported only once it is shown: most runs have nobody who watches.
"""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, TextIO

from crawler.app.run.pausing import Pausing
from crawler.app.run.watched import Watched
from crawler.observe.console import NORMAL, Console, safe

if TYPE_CHECKING:
    from crawler.app.run.observer import Observer
    from crawler.observe.keys import Keys
    from crawler.observe.live_screen import LiveScreen
    from crawler.observe.pace import Pace
    from crawler.observe.snapshot import Snapshot

#: Seconds between two redrawings.
_REDRAWN = 0.25
#: Seconds before the first look: a run that is over by then needs none, nor what it would import.
_PATIENCE = 0.5
#: Seconds between two plain lines: often for a person, rarely in a log.
_STATUS_TTY = 10.0
_STATUS_LOG = 60.0
_ERRORS_SHOWN = 20


class Progress:
    """Shows a crawl while it goes on; a context, so that the terminal is put back on every way out.

    Args:
        watched: The crawl.
        pausing: Pauses it.
        console: Says nothing below NORMAL, and then nothing is shown nor read here.
        stream: stderr.
        shared: Somebody else writes to the terminal, and may read its keys: plain lines, no keys.
    """

    def __init__(
        self, watched: Watched, pausing: Pausing, console: Console, stream: TextIO, *, shared: bool
    ) -> None:
        self._watched = watched
        self._pausing = pausing
        self._console = console
        self._stream = stream
        self._stopping = False
        self._pace: Pace
        self._observer: Observer
        self._shown = console.level >= NORMAL
        self._tty = self._shown and stream.isatty()
        alone = self._tty and not shared
        self._screen = self._make_screen() if alone else None
        self._keys = self._make_keys() if alone else None

    def _make_screen(self) -> LiveScreen | None:
        from crawler.observe.live_screen import LiveScreen, can_redraw

        return LiveScreen(self._stream) if can_redraw(self._stream, os.environ) else None

    def _make_keys(self) -> Keys | None:
        stdin = sys.stdin
        if stdin is None or not stdin.isatty():
            return None
        from crawler.observe.keys import Keys

        actions: dict[str, Callable[[], None]] = {
            "p": self._pause, "s": _interrupt, "e": self._tell_errors,
        }  # fmt: skip
        return Keys(stdin, actions)

    def __enter__(self) -> Progress:
        if self._keys is not None:
            self._keys.open()
        if self._tty:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTSTP, self._suspend)
        if self._screen is not None:
            self._console.above = self._screen.say
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        if self._tty:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTSTP)

    def close(self) -> None:
        """Put the terminal back; safe to call again."""
        self._console.above = None
        if self._screen is not None:
            self._screen.close()
        if self._keys is not None:
            self._keys.close()

    def stopping(self) -> None:
        """Note that the crawl was told to stop."""
        self._stopping = True

    async def run(self) -> None:
        """Show until cancelled."""
        if not self._shown:
            return
        if self._keys is not None and self._keys.listening and self._screen is None:
            self._console.say("keys: p pauses, s stops, e lists errors")
        await self._watched.clock.sleep(_PATIENCE)
        from crawler.app.run.observer import Observer
        from crawler.observe.pace import Pace

        self._observer, self._pace = Observer(self._watched), Pace()
        self._look()
        if self._screen is not None:
            try:
                await self._redraw(self._screen)
            except OSError:
                # The terminal is gone; the crawl goes on without an audience.
                self.close()
        else:
            await self._say_now_and_then()

    def _look(self) -> Snapshot:
        snapshot = self._observer.look(stopping=self._stopping)
        self._pace.see(snapshot)
        return snapshot

    async def _redraw(self, screen: LiveScreen) -> None:
        from crawler.observe.keys import in_foreground
        from crawler.observe.progress_lines import progress_lines

        while True:
            snapshot = self._look()
            # In the background another program has the terminal.
            if in_foreground(self._stream.fileno()):
                keys = self._keys
                if keys is not None:
                    keys.open()
                listening = keys is not None and keys.listening
                screen.show(progress_lines(snapshot, self._pace, screen.width, keys=listening))
            await self._watched.clock.sleep(_REDRAWN)

    async def _say_now_and_then(self) -> None:
        from crawler.observe.progress_lines import status_line

        period = _STATUS_TTY if self._tty else _STATUS_LOG
        while True:
            # Ten looks to a line, so that its rate is that of the last seconds.
            for _ in range(10):
                await self._watched.clock.sleep(period / 10)
                snapshot = self._look()
                if self._keys is not None:
                    self._keys.open()
            self._console.say(status_line(snapshot, self._pace))

    # Keys

    def _pause(self) -> None:
        if self._pausing.paused:
            self._pausing.go_on()
        else:
            self._pausing.pause("p goes on")

    def _tell_errors(self) -> None:
        errors, examples = self._watched.wired.tally.errors, self._watched.recorder.examples
        worst = sorted(errors.items(), key=lambda pair: -pair[1])[:_ERRORS_SHOWN]
        if not worst:
            self._console.say("no errors so far")
        for name, count in worst:
            sample = f"  such as {examples[name]}" if name in examples else ""
            self._console.say(f"{count:>8,}  {safe(name)}{sample}")

    def _suspend(self) -> None:
        """Stop as Ctrl-Z asks, the terminal as it was; it is taken again once we go on."""
        if self._screen is not None:
            self._screen.close()
        if self._keys is not None:
            self._keys.close()
        os.kill(os.getpid(), signal.SIGSTOP)
        # From here on we have been continued; the next redrawing looks whether in the foreground.


def may_share_terminal(stdout: BinaryIO) -> bool:
    """Tell whether items go to a terminal, or to a program that may have one, as a pager does."""
    try:
        mode = os.fstat(stdout.fileno()).st_mode
    except (OSError, ValueError):  # no file at all
        return False
    return stat.S_ISFIFO(mode) or os.isatty(stdout.fileno())


def _interrupt() -> None:
    """Do what Ctrl-C does, in every respect."""
    os.kill(os.getpid(), signal.SIGINT)
