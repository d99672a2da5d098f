"""What a person sees of a crawl that goes on: lines redrawn in place, or one now and then; keys."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Callable
from typing import BinaryIO, TextIO

import msgspec

from crawler.app.process_figures import CpuMeter, rss_bytes
from crawler.app.wiring import Wired
from crawler.config.models.job import Job
from crawler.engine.bottleneck import RecentBottleneck
from crawler.engine.queue_view import QueueView
from crawler.interfaces import Clock, FrontierStore
from crawler.observe.console import NORMAL, Console, safe
from crawler.observe.keys import Keys, in_foreground
from crawler.observe.live_screen import LiveScreen, can_redraw
from crawler.observe.pace import Pace
from crawler.observe.progress_lines import progress_lines, status_line
from crawler.observe.recorder import Recorder
from crawler.observe.snapshot import SlowestHost, Snapshot

#: Seconds between two redrawings.
_REDRAWN = 0.25
#: Seconds before the first one: a run that is over by then needs none, nor what it would import.
_PATIENCE = 0.5
#: Seconds between two plain lines: often for a person, rarely in a log.
_STATUS_TTY = 10.0
_STATUS_LOG = 60.0
#: Hosts with work that may be looked at per second, for the longest queue.
_HOSTS_PER_SECOND = 4_000
_ERRORS_SHOWN = 20


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to see.

    Attributes:
        begun: Monotonic second at which the process began.
    """

    job: Job
    wired: Wired
    store: FrontierStore
    recorder: Recorder
    clock: Clock
    meter: CpuMeter
    begun: float


class Observer:
    """Takes snapshots of a crawl."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._recent = RecentBottleneck(watched.wired.crawl.bottleneck)
        self._view: QueueView | None = None
        self._look_again = 0.0
        self.stopping = False

    def look(self) -> Snapshot:
        """Return where the crawl stands."""
        seen, now = self._watched, self._watched.clock.monotonic()
        crawl, tally, scope = seen.wired.crawl, seen.wired.tally, seen.job.scope
        books, view, elapsed = seen.store.books(), self._queues(now), now - seen.begun
        most, longest = scope.max_pages, scope.max_runtime
        worked = tally.worked + elapsed
        state = "stopping" if self.stopping else "paused" if crawl.paused else "running"
        host = view.slowest
        return Snapshot(
            job=seen.job.name, at=now, elapsed=elapsed, state=state, books=books,
            items=tally.items_out,
            quarantined=sum(kind.quarantined for kind in tally.items.values()),
            bytes=tally.wire_bytes, errors=tally.errors, in_flight=crawl.in_flight,
            concurrency=seen.job.fetch.concurrency, queued=view.queued, ready=view.ready,
            slowest=None if host is None else SlowestHost(
                name=host.name, queued=host.queued, more=host.more, delay=host.delay,
                seconds=host.seconds,
            ),
            limited_by=self._recent.shares(now, seen.meter.since_made()), memory=rss_bytes(),
            starts_known=crawl.starts_pulled,
            pages_left=None if most is None else max(0, most - books.done),
            seconds_left=None if longest is None else longest - worked,
        )  # fmt: skip

    def _queues(self, now: float) -> QueueView:
        """Look at the queues, less often where there are very many."""
        if self._view is None or now >= self._look_again:
            self._view = self._watched.wired.crawl.queues()
            self._look_again = now + self._view.hosts / _HOSTS_PER_SECOND
        return self._view


class Progress:
    """Shows a crawl while it goes on; a context, so that the terminal is put back on every way out.

    Args:
        watched: The crawl.
        console: Says nothing below NORMAL, and then nothing is shown nor read here.
        stream: stderr.
        shared: Somebody else writes to the terminal, and may read its keys: plain lines, no keys.
    """

    def __init__(self, watched: Watched, console: Console, stream: TextIO, *, shared: bool) -> None:
        self._watched = watched
        self._console = console
        self._stream = stream
        self._pace = Pace()
        self._observer = Observer(watched)
        self._shown = console.level >= NORMAL
        self._tty = self._shown and stream.isatty()
        self._screen: LiveScreen | None = None
        self._alone = self._tty and not shared
        if self._alone and can_redraw(stream, os.environ):
            self._screen = LiveScreen(stream)
        self._keys = self._make_keys()

    def _make_keys(self) -> Keys | None:
        stdin = sys.stdin
        if not self._alone or stdin is None or not stdin.isatty():
            return None
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
        self._observer.stopping = True

    async def run(self) -> None:
        """Show until cancelled."""
        if not self._shown:
            return
        self._pace.see(self._observer.look())
        if self._screen is not None:
            try:
                await self._redraw(self._screen)
            except OSError:
                # The terminal is gone; the crawl goes on without an audience.
                self.close()
        else:
            await self._say_now_and_then()

    async def _redraw(self, screen: LiveScreen) -> None:
        await self._watched.clock.sleep(_PATIENCE)
        while True:
            snapshot = self._observer.look()
            self._pace.see(snapshot)
            # In the background another program has the terminal.
            if in_foreground(self._stream.fileno()):
                keys = self._keys
                if keys is not None:
                    keys.open()
                listening = keys is not None and keys.listening
                screen.show(progress_lines(snapshot, self._pace, screen.width, keys=listening))
            await self._watched.clock.sleep(_REDRAWN)

    async def _say_now_and_then(self) -> None:
        period = _STATUS_TTY if self._tty else _STATUS_LOG
        if self._keys is not None and self._keys.listening:
            self._console.say("keys: p pauses, s stops, e lists errors")
        while True:
            # Ten looks to a line, so that its rate is that of the last seconds.
            for _ in range(10):
                await self._watched.clock.sleep(period / 10)
                snapshot = self._observer.look()
                self._pace.see(snapshot)
                if self._keys is not None:
                    self._keys.open()
            self._console.say(status_line(snapshot, self._pace))

    # Keys

    def _pause(self) -> None:
        crawl = self._watched.wired.crawl
        if crawl.paused:
            crawl.go_on()
            self._console.say("going on")
        else:
            crawl.pause()
            flying = crawl.in_flight
            self._console.say(f"paused: {flying} in flight are finished, then nothing; p goes on")

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
