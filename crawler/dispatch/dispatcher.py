"""The dispatcher: what it promises, and how a program uses it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from types import TracebackType
from typing import TypeVar, TypeVarTuple, cast

from crawler.dispatch.board import Board, Phase
from crawler.dispatch.counts import Counts
from crawler.dispatch.crew import Crew
from crawler.dispatch.errand import Errand, TaskState, Terms
from crawler.dispatch.errors import DispatchError, DispatcherStopped, QueueFull, WouldDeadlock
from crawler.dispatch.retry import Retry
from crawler.dispatch.stream import AsCompleted, InOrder, stream
from crawler.dispatch.task import Task
from crawler.dispatch.timing import SystemTiming, Timing

T = TypeVar("T")
R = TypeVar("R")
Args = TypeVarTuple("Args")

#: Seconds that running tasks have to see that they should end, when a stop waits no longer.
GRACE = 5.0
#: Seconds that a thread without a task has to leave.
LAST_WAIT = 1.0


class Dispatcher:
    """Runs functions in threads, the most urgent first.

    Leaving its `with` block waits for everything that was submitted; leaving it through an
    exception, Ctrl-C included, stops at once. Without a `with` block, call `stop`: a dispatcher
    that is only dropped keeps its threads.

    Args:
        workers: Threads that work at the same time; 1 and more. They are started as work comes.
        capacity: Tasks that may wait; 1 and more, 4 for each worker unless given. `submit` waits
            for room, but never within a task of this dispatcher, whose submits always find
            room: threads that all waited for room would never make any.
        name: What the names of its threads begin with.
        spare: Threads beyond `workers` that may stand in for those whose task timed out, or waits
            for another task. When they are used up by stuck ones, the dispatcher stops.
        on_progress: Called with the newest numbers after something changed: outside the lock, in
            whichever thread changed it, one call at a time. Changes during a call share the next.
            An exception in it is logged and changes nothing.
        timing: The clock; tests bring their own.

    Raises:
        ValueError: A number makes no sense.
    """

    def __init__(
        self,
        workers: int = 8,
        *,
        capacity: int | None = None,
        name: str = "dispatch",
        spare: int = 64,
        on_progress: Callable[[Counts], object] | None = None,
        timing: Timing | None = None,
    ) -> None:
        capacity = 4 * workers if capacity is None else capacity
        if workers < 1 or capacity < 1 or spare < 0:
            raise ValueError(
                f"workers {workers}, capacity {capacity}, spare {spare}: a dispatcher needs "
                "workers >= 1, capacity >= 1 and spare >= 0"
            )
        self._capacity = capacity
        self._board = Board(capacity, timing or SystemTiming())
        self._crew = Crew(self._board, name, workers, spare, on_progress)
        self._submits = 0

    def __enter__(self) -> Dispatcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(drain=error is None)

    def submit(
        self,
        call: Callable[[*Args], R],
        *args: *Args,
        priority: int = 0,
        timeout: float | None = None,
        retries: int | Retry = 0,
        key: Hashable = None,
        wait: float | None = None,
    ) -> Task[R]:
        """Queue a call.

        Args:
            call: The function; `functools.partial` gives it keyword arguments.
            args: What it is called with.
            priority: Larger first; equals in the order in which they came.
            timeout: Seconds that one try may run, above 0. A thread cannot be killed: the task is
                given up and finished as timed out, its thread is counted as lost and another
                takes its place, and what it brings in the end is dropped. It is not tried again.
            retries: Further tries after it raised, or a `Retry` that says more.
            key: Names the task while it is unfinished: a second submit under that name queues
                nothing and returns the same task. None is no name.
            wait: Seconds to wait for room; None is as long as it takes.

        Raises:
            DispatcherStopped: It stops, or has stopped; while it drains, its own tasks may submit.
            QueueFull: There was no room within `wait` seconds.
            DispatchError: The system gives no thread.
            ValueError: A number makes no sense.
        """
        terms = _terms(priority, timeout, retries, key)
        board, crew = self._board, self._crew
        with board.lock:
            if key is not None and (known := board.known(key)) is not None:
                return Task(crew, known)
            self._await_room(wait)
            if key is not None and (known := board.known(key)) is not None:
                return Task(crew, known)
            self._submits += 1
            errand = Errand(call, args, terms, self._submits)
            if not board.admit(errand):
                raise DispatcherStopped(self._why_stopped())
            crew.grow()
            if crew.can_work or board.paused:
                return Task(crew, errand)
            board.end(errand, TaskState.QUEUED, TaskState.CANCELLED)
        crew.announcer.announce()
        raise DispatchError("the system gives no thread; are there too many already?")

    def map(
        self,
        call: Callable[[T], R],
        items: Iterable[T],
        *,
        ordered: bool = True,
        priority: int = 0,
        timeout: float | None = None,
        retries: int | Retry = 0,
    ) -> Iterator[R]:
        """Yield what a function returns for each item, in their order or as they are done.

        Items are taken as results are asked for, at most `capacity` ahead, so they may be
        endless. The first task that fails raises here. What is still out is cancelled then, and
        when the iterator is closed.
        """
        tasks = self.stream(
            call, items, ordered=ordered, priority=priority, timeout=timeout, retries=retries
        )
        return _results(tasks)

    def stream(
        self,
        call: Callable[[T], R],
        items: Iterable[T],
        *,
        ordered: bool = False,
        priority: int = 0,
        timeout: float | None = None,
        retries: int | Retry = 0,
    ) -> Iterator[Task[R]]:
        """Yield a finished task for each item, failed ones too; else like `map`.

        `task.args[0]` is the item.
        """
        _terms(priority, timeout, retries, None)

        def submit(item: T, wait: float | None) -> Task[R]:
            return self.submit(
                call, item, priority=priority, timeout=timeout, retries=retries, wait=wait
            )

        out: AsCompleted[R] | InOrder[R] = InOrder() if ordered else AsCompleted(self._crew)
        return stream(items, submit, out, self._capacity)

    def current_task(self) -> Task[object] | None:
        """Return the task in which this is called; None outside of tasks."""
        worker = self._crew.me
        if worker is None or worker.errand is None:
            return None
        return Task(self._crew, worker.errand)

    @property
    def counts(self) -> Counts:
        """The numbers of this moment; they always balance."""
        return self._crew.counts()

    def pause(self) -> None:
        """Begin no task until `resume`; what runs goes on, and so do its time-outs."""
        with self._board.lock:
            self._board.paused = self._board.phase is Phase.OPEN

    def resume(self) -> None:
        """Begin tasks again."""
        with self._board.lock:
            self._board.paused = False
            self._board.work.notify_all()
            self._crew.grow()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until nothing is queued or running; False when the seconds have passed.

        Callbacks of tasks are waited for too, and a pause until it is lifted. Tasks are taken on
        meanwhile.

        Raises:
            WouldDeadlock: Called within a task, which would wait for itself.
        """
        if self._crew.inside:
            raise WouldDeadlock("a task cannot wait until no task runs")
        self._crew.announcer.announce()  # what Ctrl-C may have kept from being told
        board = self._board
        with board.lock:
            return self._crew.wait(board.calm, lambda: board.is_calm, timeout)

    def stop(
        self, *, drain: bool = True, deadline: float | None = None, grace: float = GRACE
    ) -> list[str]:
        """Take no more tasks, and end the threads; once more only waits again.

        A pause is lifted. Within a task it sets the end going and returns at once. Ctrl-C while
        it waits turns a drain into a stop at once, a second one gives up what runs.

        Args:
            drain: First finish what is queued and running, and what those tasks submit; else
                cancel what is queued.
            deadline: Seconds to drain at most; None is as long as it takes.
            grace: Seconds for running tasks to see that they should end. Those that go on are
                counted as cancelled; their threads are lost, and end with the process if not
                before.

        Returns:
            The names of the threads that could not be ended; empty when none is left.
        """
        board, crew = self._board, self._crew
        crew.announcer.announce()
        try:
            with board.lock:
                self._close(drain)
                if drain and not crew.inside:
                    crew.wait(board.calm, lambda: board.is_calm, deadline)
        finally:
            self._end(grace, drain=drain)
        with board.lock:
            return crew.stuck()

    def _close(self, drain: bool) -> None:
        board = self._board
        if not drain:
            self._crew.finish()
        elif board.phase is Phase.OPEN:
            board.phase = Phase.DRAINING
            board.room.notify_all()
            self.resume()
            if board.is_calm:
                self._crew.finish()

    def _end(self, grace: float, *, drain: bool) -> None:
        board, crew = self._board, self._crew
        if crew.inside:
            crew.announcer.announce()
            return
        try:
            with board.lock:
                crew.finish()
                crew.wait(board.calm, lambda: crew.gone, grace)
        finally:
            with board.lock:
                crew.abandon()
                if not crew.wait(board.calm, lambda: crew.gone, LAST_WAIT):
                    crew.leave_behind()
                ended = crew.ended_threads()
            for thread in ended:
                thread.join(LAST_WAIT)
            crew.announcer.announce()

    def _await_room(self, wait: float | None) -> None:
        """Return when a task may be queued. The lock is held."""
        board, crew = self._board, self._crew

        def may_go_on() -> bool:
            return not board.is_full or board.phase is not Phase.OPEN

        if not crew.inside and not crew.wait(board.room, may_go_on, wait):
            raise QueueFull(f"no room in the queue within {wait} s")
        if board.phase is not Phase.OPEN and not (crew.inside and board.phase is Phase.DRAINING):
            raise DispatcherStopped(self._why_stopped())

    def _why_stopped(self) -> str:
        why = self._board.why_ended
        return f"the dispatcher stopped: {why}" if why else "the dispatcher takes no more tasks"


def _terms(priority: int, timeout: float | None, retries: int | Retry, key: Hashable) -> Terms:
    if timeout is not None and not 0 < timeout < math.inf:
        raise ValueError(f"timeout is {timeout}; it is seconds above 0, or None for no time-out")
    if not isinstance(priority, int):
        raise ValueError(f"priority is {priority!r}; it is a whole number")
    return Terms(priority, timeout, Retry(retries) if isinstance(retries, int) else retries, key)


def _results(tasks: Iterator[Task[R]]) -> Generator[R, None, None]:
    with contextlib.closing(cast("Generator[Task[R], None, None]", tasks)):
        for task in tasks:
            yield task.result()
