"""One batch from its first row to its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from functools import partial

import msgspec

from crawler.app.batch.row_input import Identity, RowInput
from crawler.app.batch.row_output import FileRows, Journal, StdoutRows, refusal_line
from crawler.app.batch.row_window import Entry, RowWindow
from crawler.app.batch.rows import Row
from crawler.app.run.stop_signals import StopSignals
from crawler.clock import SystemClock
from crawler.errors import ConfigError, OffloadError, OutputError
from crawler.interfaces import Clock
from crawler.observe.console import NORMAL, QUIET, Console, safe
from crawler.observe.quantities import share, took
from crawler.offload.offloaded import Codec, Done, Kind, Offloaded, Refused
from crawler.offload.slots import Slots

#: Rows under way, and bytes of values that wait for their turn, beyond which nothing is read.
_ROWS, _BYTES = 2_000, 64 << 20
#: What is written at a time, in bytes and seconds; a kill costs what was done in between.
_FLUSH_BYTES, _FLUSH_SECONDS = 1 << 20, 0.25
_PROGRESS_SECONDS = 5.0
_NOWHERE = Identity("-", 0, "")
GOOD, BAD_ROWS = 0, 3


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch is to do.

    Attributes:
        function: Name of the function.
        ordered: Values come in the order of the rows.
        fresh: Begin anew, whatever there is.
        max_failed: Share of the rows, 0 to 1, that may be refused.
        again: The command that goes on with it.
    """

    function: str
    ordered: bool
    fresh: bool
    max_failed: float
    again: str


class MapRows:
    """A batch; `run` it once.

    Args:
        wish: What it is to do.
        rows: Where they come from, open.
        out: Where values go.
        console: What is said goes there.
        clock: For progress.
    """

    def __init__(
        self, wish: Wish, rows: RowInput, out: FileRows | StdoutRows, console: Console, clock: Clock
    ) -> None:
        self._wish = wish
        self._rows = rows
        self._out = out
        self._console = console
        self._clock = clock
        self._begun = self._flushed = clock.monotonic()
        self._journal: Journal
        self._window: RowWindow
        self._refused: Counter[str] = Counter()
        self._first = 0
        self._under_way = 0
        self._values, self._refusals = bytearray(), bytearray()
        self._change = asyncio.Event()
        self._error: Exception | None = None
        self._stopped = False
        self._torn = False

    async def run(self, slots: Slots) -> int:
        """Run the batch over slots that were started; return the exit code.

        Raises:
            ConfigError: The function cannot be imported, an output is in the way, or belongs to
                another batch; nothing was read.
            OutputError: An output cannot be written, or changed under us.
            OffloadError: Every process dies.
        """
        refused = await slots.check(self._wish.function)
        if refused is not None:
            raise ConfigError(safe(refused.message))
        self._open()
        try:
            with self._signals() as signals:
                try:
                    whole = await self._feed_and_wait(slots)
                    signals.crawl_ended()
                finally:
                    # What was done is kept, whatever came in between.
                    self._flush()
                if whole:
                    self._out.finish()
        finally:
            self._out.close()
        return self._verdict(None if whole else signals.exit_code)

    def _verdict(self, interrupted: int | None) -> int:
        """Say how it ended; return the exit code."""
        done, refused = self._journal.done, self._refused.total()
        seconds = took(self._clock.monotonic() - self._begun)
        code = GOOD
        if interrupted is not None:
            code = interrupted
        elif refused > self._wish.max_failed * (done + refused):
            code = BAD_ROWS
        level = QUIET if code else NORMAL
        ended = "finished" if interrupted is None else "interrupted"
        self._console.say(f"map {ended} after {seconds}", level)
        self._console.say(f"  rows   {done:,} ok · {refused:,} failed{self._kinds()}", level)
        if self._out.errors_path is not None and refused:
            self._console.say(f"  failed {self._out.errors_path}", level)
        if code == BAD_ROWS:
            failed = f"{share(refused / (done + refused))} of the rows failed"
            self._console.say(f"FAILED {failed}, more than {share(self._wish.max_failed)}", level)
        if interrupted is not None:
            self._console.say(self._how_to_go_on(), level)
        self._console.say(f"{'OK ' if not code else ''}(exit {code})", level)
        return code

    def _kinds(self) -> str:
        if not self._refused:
            return ""
        return f" ({', '.join(f'{kind} {count:,}' for kind, count in self._refused.items())})"

    def _how_to_go_on(self) -> str:
        if self._journal.input is _NOWHERE:
            return "it cannot be resumed: there is no way back in a pipe or standard output"
        return f"go on with: {self._wish.again}"

    def _open(self) -> None:
        journal = None
        kept = isinstance(self._out, FileRows) and not self._rows.piped
        if isinstance(self._out, FileRows):
            journal = None if self._wish.fresh else self._out.read_journal()
            if journal is None:
                self._out.begin(fresh=self._wish.fresh)
            else:
                self._check(journal)
                self._out.go_on(journal)
        self._journal = journal or Journal(
            function=self._wish.function,
            ordered=self._wish.ordered,
            input=self._rows.identity() if kept else _NOWHERE,
            before=self._rows.before(0) if kept else "",
        )
        place = self._journal.place
        self._rows.go_to(place)
        self._window = RowWindow(place, frozenset(self._journal.beyond), ordered=self._wish.ordered)
        self._refused = Counter(self._journal.refused)
        self._first = self._journal.done + self._refused.total()
        if journal is None:
            self._out.keep(self._journal)
        else:
            self._console.say(f"map goes on after row {place.row:,}, line {place.line:,}")

    def _check(self, journal: Journal) -> None:
        """Raise if what was interrupted is another batch, or its input another file."""
        mine = (self._wish.function, self._wish.ordered)
        if (journal.function, journal.ordered) != mine or self._rows.piped:
            order = "ordered" if journal.ordered else "unordered"
            raise ConfigError(
                f"the output belongs to an interrupted batch of {journal.function} over"
                f" {journal.input.path}, {order}; finish that, or begin anew with --fresh"
            )
        same = self._rows.is_still(journal.input)
        if not same or self._rows.before(journal.place.offset) != journal.before:
            raise OutputError(
                f"{self._rows.name} is not what the interrupted batch had read; put it back, or"
                " begin anew with --fresh"
            )

    def _signals(self) -> StopSignals:
        signals = StopSignals(self._console.error, os._exit, SystemClock())
        signals.crawling(lambda _: self._stop(), self._give_up)
        return signals

    def _stop(self) -> None:
        self._stopped = True
        self._feeder.cancel()

    def _give_up(self) -> None:
        self._fail(OffloadError("nobody waits for what is still under way"))

    async def _feed_and_wait(self, slots: Slots) -> bool:
        """Run all rows; return whether it came to its end.

        Raises:
            OutputError: A value could not be written.
            OffloadError: Every process dies.
        """
        self._feeder = asyncio.create_task(self._feed(slots))
        ticking = asyncio.create_task(self._tick())
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await self._feeder
            while self._under_way and self._error is None:
                self._change.clear()
                await self._change.wait()
        finally:
            ticking.cancel()
        if self._error is not None and not self._stopped:
            raise self._error
        return not self._stopped

    async def _feed(self, slots: Slots) -> None:
        async for rows in self._rows.blocks():
            for row in rows:
                entry = self._window.open(row)
                if entry is None:
                    continue
                if row.wrong:
                    self._take(entry, Refused(Kind.UNREADABLE, row.wrong))
                    continue
                await self._room()
                answer = await slots.accept(self._wish.function, row.data, Codec.JSON)
                self._under_way += 1
                answer.add_done_callback(partial(self._came, entry))

    async def _room(self) -> None:
        while len(self._window) > _ROWS or self._window.held > _BYTES:
            self._change.clear()
            await self._change.wait()

    def _came(self, entry: Entry, answer: asyncio.Future[Offloaded]) -> None:
        """Take in an answer; called by the loop, so that nothing may be raised."""
        self._under_way -= 1
        self._change.set()
        error = answer.exception()
        try:
            if error is None:
                self._take(entry, answer.result())
            elif isinstance(error, OffloadError):
                self._fail(error)
        except OutputError as failed:
            self._fail(failed)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._change.set()
        self._feeder.cancel()

    def _take(self, entry: Entry, answer: Offloaded) -> None:
        for one in self._window.settle(entry, answer):
            if isinstance(one.answer, Done):
                self._journal.done += 1
                self._values += one.answer.value
                self._values += b"\n"
            elif one.answer is not None:
                self._refuse(one.row, one.answer)
        full = len(self._values) + len(self._refusals) > _FLUSH_BYTES
        if full or self._clock.monotonic() - self._flushed > _FLUSH_SECONDS:
            self._flush()

    def _refuse(self, row: Row, refused: Refused) -> None:
        self._refused[refused.kind] += 1
        self._refusals += refusal_line(row, refused)
        if self._out.errors_path is None:
            text = f"{self._rows.name}:{row.line}: {refused.kind}: {refused.message}"
            self._console.error(safe(text))

    def _flush(self) -> None:
        """Write what has come, then note it: what is written and not noted is cut off again.

        Raises:
            OutputError: It cannot be. The journal then stays as it is, whatever comes later.
        """
        if self._torn:
            return
        self._torn = True
        self._flushed = self._clock.monotonic()
        self._out.write(bytes(self._values), bytes(self._refusals))
        self._values.clear()
        self._refusals.clear()
        journal = self._journal
        journal.place, journal.beyond = self._window.place, self._window.beyond
        journal.refused = dict(self._refused)
        if journal.input is not _NOWHERE:
            journal.before = self._rows.before(journal.place.offset)
        self._out.keep(journal)
        self._torn = False

    async def _tick(self) -> None:
        """Write what lies about when rows come slowly, and say where the batch stands."""
        told = self._begun
        while True:
            await self._clock.sleep(_FLUSH_SECONDS)
            now = self._clock.monotonic()
            if now - self._flushed > _FLUSH_SECONDS and (self._values or self._refusals):
                try:
                    self._flush()
                except OutputError as failed:
                    self._fail(failed)
            if now - told >= _PROGRESS_SECONDS:
                told = now
                self._say_progress(now - self._begun)

    def _say_progress(self, seconds: float) -> None:
        failed = self._refused.total()
        done = self._journal.done + failed
        self._console.say(
            f"map {took(seconds)}  {done:,} rows  {failed:,} failed"
            f"  {(done - self._first) / seconds:,.0f}/s"
        )
