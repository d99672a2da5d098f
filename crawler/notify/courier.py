"""Deliveries beside a run: each receiver has a thread, and nobody waits longer than is said.

Threads, as what is told is little, the standard library's clients for it block, and a look-up of a
name can be bounded in no other way: a thread that is not done in time is left to itself, and does
not keep the process from ending.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import msgspec

from crawler.inner_retry import waits
from crawler.interfaces import Clock

#: Seconds that one try may take.
TRY = 5.0
_TRIES = 3
_FACTOR, _LONGEST_WAIT = 2.0, 2.0


class NotTold(Exception):
    """A try that did not get through; the message says why, and holds no secret.

    Attributes:
        passing: Another try may.
    """

    def __init__(self, message: str, *, passing: bool = True) -> None:
        super().__init__(message)
        self.passing = passing


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one delivery, as it stands in `summary.json`.

    Attributes:
        to: `healthcheck`, `webhook.0`, `mail`, `textfile`.
        what: "start", "exit 3", "failure"...
        ok: It was taken.
        tries: How many it took.
        error: Why it did not get through; "" if it did.
    """

    to: str
    what: str
    ok: bool
    tries: int = 1
    error: str = ""


class Errand(msgspec.Struct, kw_only=True):
    """Something to be delivered.

    Attributes:
        to: Name of the receiver.
        what: In a word or two.
        deliver: One try, given the seconds that it may take; raises `NotTold`.
        seconds: For all tries together.
    """

    to: str
    what: str
    deliver: Callable[[float], None]
    seconds: float


class _Under(msgspec.Struct):
    """An errand on its way.

    Attributes:
        until: Monotonic second at which it is given up.
        overtaken: Set when something later is to be told to the same receiver: no further tries.
        done: Set when `told` is.
    """

    errand: Errand
    until: float
    overtaken: threading.Event = msgspec.field(default_factory=threading.Event)
    done: threading.Event = msgspec.field(default_factory=threading.Event)
    told: Told | None = None
    tries: int = 0


class Couriers:
    """Those who deliver for one run.

    Args:
        clock: The time.
        first_wait: Seconds between the first two tries; it grows from there.
    """

    def __init__(self, clock: Clock, first_wait: float = 0.5) -> None:
        self._clock = clock
        self._first_wait = first_wait
        self._queues: dict[str, queue.SimpleQueue[_Under]] = {}
        self._sent: list[_Under] = []

    def send(self, errand: Errand) -> None:
        """Deliver in the background; to one receiver one after another."""
        under = _Under(errand, self._clock.monotonic() + errand.seconds)
        for earlier in self._sent:
            if earlier.errand.to == errand.to:
                earlier.overtaken.set()
        self._sent.append(under)
        if errand.to not in self._queues:
            self._queues[errand.to] = queue.SimpleQueue()
            name = f"notify-{errand.to}"
            todo = self._queues[errand.to]
            threading.Thread(target=self._work, args=(todo,), name=name, daemon=True).start()
        self._queues[errand.to].put(under)

    def collect(self) -> list[Told]:
        """Return what became of everything that was sent; waits for it as long as each may take."""
        return [self._outcome(under) for under in self._sent]

    def _outcome(self, under: _Under) -> Told:
        under.done.wait(max(0.0, under.until - self._clock.monotonic()))
        if under.told is not None:
            return under.told
        errand = under.errand
        error = f"no answer within {errand.seconds:g} s"
        return Told(to=errand.to, what=errand.what, ok=False, tries=under.tries, error=error)

    def _work(self, todo: queue.SimpleQueue[_Under]) -> None:
        while True:
            under = todo.get()
            try:
                under.told = self._deliver(under)
            finally:
                under.done.set()

    def _deliver(self, under: _Under) -> Told:
        errand, error = under.errand, "no time was left"
        pauses = waits(self._first_wait, _FACTOR, _LONGEST_WAIT)
        while (left := under.until - self._clock.monotonic()) > 0:
            under.tries += 1
            try:
                errand.deliver(min(TRY, left))
                return Told(to=errand.to, what=errand.what, ok=True, tries=under.tries)
            except NotTold as refusal:
                error = str(refusal)
                if not refusal.passing or under.tries == _TRIES:
                    break
            if under.overtaken.wait(min(next(pauses), left)):
                break
        return Told(to=errand.to, what=errand.what, ok=False, tries=under.tries, error=error)
