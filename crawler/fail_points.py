"""Named places where a test may end the process, or let the disk fail, on purpose.

The variable CRAWLER_FAILPOINT names them, several separated by commas:

    commit.after:3:kill     SIGKILL at the third time that this point is reached
    output.write.half:1:enospc, eio, raise     an OSError of that kind, or an error of our own
    end.before:1:term       SIGTERM, and everything goes on
    list:PATH               appends the name of every point reached to a file, a line for each

It is read once, when this module is imported. Without it `reached` is bound to a function that
does nothing. The idea is SQLite's ("How SQLite Is Tested", crash and I/O error testing): raise the
number until the point is not reached any more, and no place has been left out.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from itertools import count

from crawler.errors import ConfigError

VARIABLE = "CRAWLER_FAILPOINT"

#: Every point, and what has been done when it is reached.
POINTS: Mapping[str, str] = {
    "store.make.before": "the tables of a new database are about to be committed",
    "store.make.after": "they are",
    "store.upgrade.before": "the tables of an older version are about to be changed",
    "store.upgrade.after": "they are",
    "begin.before": "a new run is about to be committed",
    "begin.after": "it is; no output is open yet",
    "again.before": "an interrupted run is about to go on",
    "again.after": "it is on record as open",
    "suspects.before": "crashes are about to be counted against pages",
    "suspects.after": "they are; the notes of running callbacks still stand",
    "slots.clear.before": "the notes of running callbacks are about to be wiped",
    "slots.clear.after": "they are",
    "commit.begin": "outputs are written, the transaction has begun",
    "commit.before": "everything is in the transaction",
    "commit.after": "it is committed; nobody has been told",
    "outbox.file": "items have been put into the outbox, within the transaction",
    "outbox.settle": "items have been taken out of the outbox, within the transaction",
    "settling.before": "the crawl is over, what it found is about to be settled",
    "items.settle": "known items have been settled, within the transaction that tells their events",
    "state.forget.before": "what was learnt of single URLs is about to be forgotten",
    "state.forget.after": "they are forgotten",
    "state.import.before": "an exported state is about to be put in its place",
    "state.import.after": "it is in its place",
    "settling.after": "everything is settled, the run has not ended",
    "end.before": "the end of the run is about to be committed",
    "end.after": "it is; outputs are not settled",
    "checkpoint.after": "the write-ahead log is back in the database",
    "output.open": "an output file is there and locked, nothing about it is on record",
    "output.write.before": "lines are about to be written to an output, journal or quarantine",
    "output.write.half": "half of their bytes are",
    "output.write.after": "all of them are, their mark is not committed",
    "output.sync.before": "an output is about to be forced to the disk",
    "output.sync.after": "it is",
    "output.cut.before": "an output is about to be cut back to its mark",
    "output.cut.after": "it is",
    "replace.before": "a file of JSON lines is about to take the place of another",
    "replace.after": "it has",
    "render.before": "a CSV or packed file is about to be made aside",
    "render.write": "it is written, not synced",
    "render.after": "it is whole, aside",
    "swap.before": "its note is written, it is about to be swapped in",
    "swap.after": "it is swapped in",
    "settle.before": "what is beside a finished output is about to go",
    "settle.after": "it is gone",
    "folder.sync.before": "the renames in a folder are about to be forced to the disk",
    "folder.sync.after": "they are",
    "file.write.half": "half of a small file (note, summary, report) is written aside",
    "file.write.after": "all of it is",
    "file.rename.before": "it is synced, and about to be renamed",
    "file.rename.after": "it is in its place",
    "download.piece": "a piece of a download is written beside the store",
    "download.place.before": "a download is whole and checked, about to be renamed into the store",
    "download.place.after": "it is in its place, and in no list",
    "download.put.after": "it is in the list of files; the crawl has not been told",
    "ledger.before": "urls.jsonl.gz is about to be written",
    "ledger.rename.before": "it is written aside",
    "ledger.rename.after": "it is in its place",
    "recover.before": "outputs of a run that did not end are about to be cut back",
    "recover.copy": "the part of a file that was swapped in is copied, not in its place",
    "recover.after": "outputs are as they were committed",
    "wipe.before": "the state is about to be deleted",
    "wipe.after": "it is",
    "slot.start.before": "a process slot is about to be started",
    "slot.start.after": "it answers",
    "turn.write.before": "a turn at a host is given or over, its record is locked, not written",
    "turn.write.after": "it is, and still locked",
    "transform.before": "an item is about to be transformed",
    "transform.after": "it is, and still in the outbox",
    "page.before": "a page is handed to the workers",
    "callback.before": "a callback is about to run, and noted as running",
    "callback.after": "it has run",
    "page.after": "its outcome is there, not committed",
    "finish.before": "the crawl is over, outputs are about to be finished",
    "finish.after": "everything is written, closed and settled",
}

_KINDS = ("kill", "raise", "enospc", "eio", "term")
Reached = Callable[[str], None]


class FailPointReached(Exception):
    """An error that nothing expects, raised because the environment asked for it."""


class FailPoints:
    """What happens at which point.

    Args:
        text: The value of the variable, see above.

    Raises:
        ConfigError: It names no point, or what should happen is not known.
    """

    def __init__(self, text: str) -> None:
        self._actions: dict[tuple[str, int], str] = {}
        self._record: int | None = None
        for part in text.split(","):
            self._take(part.strip())
        # next() of a counter is one step to every thread.
        self._hits = {name: count(1) for name in POINTS}

    def _take(self, part: str) -> None:
        if part.startswith("list:"):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            try:
                self._record = os.open(part.removeprefix("list:"), flags, 0o600)
            except OSError as error:
                raise _wrong(part, f"cannot be written: {error.strerror}") from error
            return
        name, _, rest = part.partition(":")
        number, _, kind = rest.partition(":")
        if name not in POINTS:
            close = get_close_matches(name, POINTS, 1)
            near = f"; did you mean {close[0]}?" if close else f"; known: {' '.join(POINTS)}"
            raise _wrong(part, f"no such point{near}")
        if not (number.isascii() and number.isdigit() and int(number)) or kind not in _KINDS:
            raise _wrong(part, f"write {name}:N:{'|'.join(_KINDS)}, N from 1 on")
        self._actions[name, int(number)] = kind

    def reached(self, name: str) -> None:
        """Note that a point is reached, and do what was asked for.

        Raises:
            OSError: ENOSPC or EIO, as asked for.
            FailPointReached: So was this.
        """
        hit = next(self._hits[name])
        if self._record is not None:
            os.write(self._record, f"{name}\n".encode())
        kind = self._actions.get((name, hit))
        if kind is not None:
            _fail(kind, f"{name}, hit {hit}")


def _fail(kind: str, where: str) -> None:
    if kind == "term":
        os.kill(os.getpid(), signal.SIGTERM)
        return
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "raise":
        raise FailPointReached(where)
    number = {"enospc": errno.ENOSPC, "eio": errno.EIO}[kind]
    raise OSError(number, os.strerror(number))


def _wrong(part: str, why: str) -> ConfigError:
    return ConfigError(f"{VARIABLE}: {part!r}: {why}")


def _nothing(name: str) -> None:
    """Do nothing: nobody asked for a failure."""


_wish = os.environ.get(VARIABLE)

#: Whether anything is to fail; what would otherwise be one write is two then.
ACTIVE = bool(_wish)
#: Call it with the name of a point of `POINTS`.
reached: Reached = FailPoints(_wish).reached if _wish else _nothing
