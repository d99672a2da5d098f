"""What is queued, what runs and what ended: the state of a dispatcher under its one lock.

Every method is called with `lock` held, and every number that threads share is here or in the
crew, which holds the same lock.

Python runs a signal handler in the main thread between two calls, also while that thread holds the
lock. Hence the lock is re-entrant, a handler may use the dispatcher, and each change of a state
is a few plain stores that come last and have no call between them: Ctrl-C leaves a task either
before its change or after it, and the books balanced. What must be woken is notified before; it
can look only when the lock is free.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable
from enum import Enum

from crawler.dispatch.counts import Counts
from crawler.dispatch.errand import Errand, TaskState
from crawler.dispatch.errors import TaskCancelled
from crawler.dispatch.lazy_heap import LazyHeap
from crawler.dispatch.timing import Timing

QUEUED, RUNNING = TaskState.QUEUED, TaskState.RUNNING


class Phase(Enum):
    """Whether tasks are taken on: from all, from running tasks only, from nobody."""

    OPEN = "open"
    DRAINING = "draining"
    ENDED = "ended"


class Board:
    """The state of a dispatcher.

    Attributes:
        work: Notified when a thread could take something, or should end.
        room: Notified when the queue has room, or never will.
        ring: Notified when the timer has a new first entry, or should end.
        calm: Notified when nothing is queued or running, and when a thread has ended.
        ended: Errands that finished and whose callbacks are still to be called.
        telling: Threads that call callbacks now.
    """

    def __init__(self, capacity: int, timing: Timing) -> None:
        self.lock = threading.RLock()
        self.work = threading.Condition(self.lock)
        self.room = threading.Condition(self.lock)
        self.ring = threading.Condition(self.lock)
        self.calm = threading.Condition(self.lock)
        self.timing = timing
        self.phase = Phase.OPEN
        self.why_ended = ""
        self.paused = False
        self.ended: deque[Errand] = deque()
        self.telling: set[int] = set()
        self._capacity = capacity
        self._by_state = [0] * len(TaskState)
        self._submitted = 0
        self._retried = 0
        self._ready: LazyHeap[Errand] = LazyHeap()
        self._alarms: LazyHeap[Errand] = LazyHeap()
        self._rings = 0
        self._keys: dict[Hashable, Errand] = {}

    def new_condition(self) -> threading.Condition:
        """Return a further condition of the lock."""
        return threading.Condition(self.lock)

    @property
    def ready(self) -> int:
        """Errands that a thread could take now, if it were not for a pause."""
        return len(self._ready)

    @property
    def running(self) -> int:
        """Errands in a thread."""
        return self._by_state[RUNNING]

    @property
    def is_full(self) -> bool:
        """Nothing more is taken on from outside for now."""
        return self._by_state[QUEUED] >= self._capacity

    @property
    def is_calm(self) -> bool:
        """Nothing is queued or running, and no other thread has callbacks to call."""
        busy = self._by_state[QUEUED] + self._by_state[RUNNING] + len(self.ended)
        return not busy and self.telling <= {threading.get_ident()}

    def counts(self, lost: int, replaced: int) -> Counts:
        """Return the books, with what the crew knows of its threads."""
        _, queued, running, *final = self._by_state
        done, failed, cancelled, timed_out = final
        return Counts(
            self._submitted,
            queued,
            running,
            done,
            failed,
            cancelled,
            timed_out,
            self._retried,
            lost,
            replaced,
        )

    def known(self, key: Hashable) -> Errand | None:
        """Return the unfinished errand of that key."""
        errand = self._keys.get(key)
        return errand if errand is not None and errand.state in {QUEUED, RUNNING} else None

    def admit(self, errand: Errand) -> bool:
        """Queue a new errand; False when the phase has ended meanwhile."""
        if errand.terms.key is not None:
            self._keys[errand.terms.key] = errand
        self.make_ready(errand)
        by_state = self._by_state
        if self.phase is Phase.ENDED:
            return False
        self._submitted += 1
        by_state[QUEUED] += 1
        errand.state = QUEUED
        return True

    def make_ready(self, errand: Errand) -> None:
        """Let a thread take an errand."""
        errand.place = self._ready.push(-errand.terms.priority, errand.order, errand)
        self.work.notify()

    def take(self) -> Errand | None:
        """Return the next errand, running from now on; None when there is none, or a pause."""
        while not self.paused and (errand := self._ready.pop()) is not None:
            errand.place = None
            if errand.state is not QUEUED:
                continue
            errand.attempts += 1
            self.room.notify_all()
            by_state = self._by_state
            by_state[QUEUED] -= 1
            by_state[RUNNING] += 1
            errand.state = RUNNING
            return errand
        return None

    def postpone(self, errand: Errand, seconds: float) -> None:
        """Queue a running errand for its next try."""
        self._retried += 1
        errand.runner = None
        by_state = self._by_state
        by_state[RUNNING] -= 1
        by_state[QUEUED] += 1
        errand.state = QUEUED
        self.set_alarm(errand, seconds)

    def end(self, errand: Errand, before: TaskState, after: TaskState) -> bool:
        """Finish an errand; False when it is not in the state `before`, and nothing happens.

        Its value or error must be there already.
        """
        if errand.state is not before:
            return False
        if before is QUEUED:
            self.room.notify_all()
            errand.error = TaskCancelled("the task was cancelled before it ran")
        if errand.finished is not None:
            errand.finished.notify_all()
        if self._by_state[QUEUED] + self._by_state[RUNNING] == 1:
            self.calm.notify_all()
            self.ring.notify_all()
        self.ended.append(errand)
        by_state = self._by_state
        if errand.state is not before:
            return False
        by_state[before] -= 1
        by_state[after] += 1
        errand.state = after
        self._forget(errand)
        return True

    def told(self, thread: int) -> None:
        """A thread has called all callbacks: they were the last that could submit more."""
        self.telling.discard(thread)
        if self.is_calm:
            self.calm.notify_all()
            if self.phase is Phase.DRAINING:
                self.finish()

    def finish(self, why: str = "") -> None:
        """Take no more, and cancel what is queued; what runs goes on."""
        if self.phase is not Phase.ENDED:
            self.why_ended = why
            self.phase = Phase.ENDED
        self.paused = False
        for condition in (self.work, self.room, self.ring, self.calm):
            condition.notify_all()
        for errand in [*self._ready, *self._alarms]:
            self.end(errand, QUEUED, TaskState.CANCELLED)

    def set_alarm(self, errand: Errand, seconds: float) -> None:
        """Have the timer look at an errand when so many seconds have passed."""
        self._rings += 1
        due = self.timing.monotonic() + seconds
        errand.alarm = self._alarms.push(due, self._rings, errand)
        if self._alarms.peek() is errand.alarm:
            self.ring.notify()

    def unset_alarm(self, errand: Errand) -> None:
        """Take back the alarm of an errand, if it has one."""
        if errand.alarm is not None:
            self._alarms.drop(errand.alarm)
            errand.alarm = None

    def next_alarm(self) -> float | None:
        """Return when the next alarm is due; None when there is none."""
        entry = self._alarms.peek()
        return None if entry is None else entry.rank

    def pop_alarm(self) -> Errand | None:
        """Return the errand whose alarm comes next, and take the alarm out."""
        errand = self._alarms.pop()
        if errand is not None:
            errand.alarm = None
        return errand

    def _forget(self, errand: Errand) -> None:
        if errand.place is not None:
            self._ready.drop(errand.place)
            errand.place = None
        self.unset_alarm(errand)
        errand.runner = None
        errand.waits = None
        key = errand.terms.key
        if key is not None and self._keys.get(key) is errand:
            del self._keys[key]
