"""The threads of a dispatcher: who takes work, who replaces whom, who watches the time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from crawler.dispatch.announcer import Announcer, log_error
from crawler.dispatch.attempt import Answer, attempt
from crawler.dispatch.board import Board, Phase
from crawler.dispatch.counts import Counts
from crawler.dispatch.errand import Errand, Runner, TaskState
from crawler.dispatch.errors import TaskCancelled, TaskTimedOut, WorkerDied, WouldDeadlock

QUEUED, RUNNING = TaskState.QUEUED, TaskState.RUNNING


class Crew:
    """Worker threads, started as they are needed, and one timer thread.

    Args:
        board: What they work on.
        name: What the names of the threads begin with.
        size: Threads that work at the same time.
        spare: Threads beyond that, which stand in for those that are lost or step aside.
        on_progress: See `Announcer`.
    """

    def __init__(
        self,
        board: Board,
        name: str,
        size: int,
        spare: int,
        on_progress: Callable[[Counts], object] | None,
    ) -> None:
        self.announcer = Announcer(board, self.counts, on_progress)
        self.board = board
        self._name = name
        self._size = size
        self._most = size + spare
        self._workers: set[Runner] = set()
        self._lost: set[Runner] = set()
        self._threads: set[threading.Thread] = set()
        self._timer: threading.Thread | None = None
        self._idle = 0
        self._aside = 0
        self._started = 0
        self._replaced = 0
        self._local = threading.local()

    def counts(self) -> Counts:
        """Return the numbers of this moment."""
        with self.board.lock:
            return self.board.counts(len(self._lost), self._replaced)

    @property
    def me(self) -> Runner | None:
        """The worker whose thread asks; None for any other thread."""
        worker: Runner | None = getattr(self._local, "worker", None)
        return worker

    @property
    def inside(self) -> bool:
        """One of the dispatcher's own threads asks, the timer included."""
        return getattr(self._local, "inside", False)

    @property
    def can_work(self) -> bool:
        """There is a thread, or there could be one."""
        return bool(self._workers)

    @property
    def gone(self) -> bool:
        """No thread is left, but for lost ones."""
        return not self._workers and self._timer is None

    # Starting. The lock is held.

    def grow(self) -> None:
        """Start threads for what is ready, as far as they may be; at most one per ready errand."""
        while self._is_wanted() and self._start_worker():
            pass

    def _is_wanted(self) -> bool:
        board = self.board
        return (
            board.ready > self._idle
            and not board.paused
            and board.phase is not Phase.ENDED
            and self._active < self._size
            and self._can_start
        )

    @property
    def _active(self) -> int:
        return len(self._workers) - self._aside

    @property
    def _can_start(self) -> bool:
        return len(self._workers) + len(self._lost) < self._most

    def _start_worker(self) -> bool:
        self._started += 1
        worker = Runner(threading.Thread(target=lambda: self._work(worker), daemon=True))
        worker.thread.name = f"{self._name}-{self._started}"
        self._workers.add(worker)
        self._idle += 1
        try:
            self._start(worker.thread)
        except BaseException as error:
            if not worker.thread.is_alive():
                self._workers.discard(worker)
                self._idle -= 1
            if isinstance(error, RuntimeError):  # the system has no thread for us now
                return False
            raise
        return True

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = threading.Thread(
                target=self._keep_time, daemon=True, name=f"{self._name}-timer"
            )
            try:
                self._start(self._timer)
            except RuntimeError:
                self._timer = None  # tried again with the next alarm, or wait

    def _start(self, thread: threading.Thread) -> None:
        self._threads = {old for old in self._threads if old.is_alive()}
        thread.start()
        self._threads.add(thread)

    # Working.

    def _work(self, worker: Runner) -> None:
        self._local.worker = worker
        self._local.inside = True
        try:
            while (errand := self._take(worker)) is not None:
                answer = attempt(errand, worker)
                self._settle(worker, errand, answer)
                died = answer.died
                del errand, answer  # an idle thread holds on to no result
                self.announcer.announce()
                if died:
                    break
        except BaseException as error:  # noqa: BLE001 - sent into this thread from outside
            log_error(f"thread {worker.thread.name}", error)
        finally:
            self._leave(worker)
            self.announcer.announce()

    def _take(self, worker: Runner) -> Errand | None:
        board = self.board
        with board.lock:
            while not worker.lost:
                errand = board.take()
                if errand is not None:
                    self._begin(worker, errand)
                    return errand
                if board.phase is Phase.ENDED or self._active > self._size:
                    return None
                if not worker.idle:
                    worker.idle = True
                    self._idle += 1
                board.work.wait()
        return None

    def _begin(self, worker: Runner, errand: Errand) -> None:
        if worker.idle:
            worker.idle = False
            self._idle -= 1
        worker.errand = errand
        errand.runner = worker
        if errand.terms.timeout is not None:
            self.board.set_alarm(errand, errand.terms.timeout)
            self._start_timer()

    def _settle(self, worker: Runner, errand: Errand, answer: Answer) -> None:
        board = self.board
        with board.lock:
            if worker.lost:
                return  # given up long ago: what comes late is dropped
            worker.errand = None
            board.unset_alarm(errand)
            again = board.phase is not Phase.ENDED and not errand.cancel_requested
            if answer.next_try is not None and again:
                board.postpone(errand, answer.next_try)
                self._start_timer()
                return
            errand.value, errand.error = answer.value, answer.error
            board.end(errand, RUNNING, answer.state)

    def _leave(self, worker: Runner) -> None:
        board = self.board
        with board.lock:
            errand, worker.errand = worker.errand, None
            self._idle -= worker.idle
            self._aside -= worker.aside
            worker.idle = worker.aside = False
            self._lost.discard(worker)
            if worker in self._workers:
                self._workers.discard(worker)
                self._replaced += board.phase is not Phase.ENDED and self._active < self._size
            if errand is not None:
                errand.error = WorkerDied(f"thread {worker.thread.name} ended while it ran this")
                board.end(errand, RUNNING, TaskState.FAILED)
            self.grow()
            board.calm.notify_all()

    # Time-outs, and waits before another try.

    def _keep_time(self) -> None:
        self._local.inside = True
        try:
            while self._await_alarm():
                self.announcer.announce()
        finally:
            with self.board.lock:
                self._timer = None
                self.board.calm.notify_all()

    def _await_alarm(self) -> bool:
        """Wait for an alarm and serve all that are due; False when there will be none."""
        board = self.board
        with board.lock:
            while not (board.phase is Phase.ENDED and board.running == 0):
                due = board.next_alarm()
                if due is None or due > board.timing.monotonic():
                    board.timing.wait_until(board.ring, due)
                    continue
                errand = board.pop_alarm()
                if errand is not None and errand.state is QUEUED:
                    board.make_ready(errand)
                    self.grow()
                elif errand is not None and errand.state is RUNNING:
                    seconds = errand.terms.timeout
                    errand.error = TaskTimedOut(f"the task ran for more than {seconds} s")
                    self._give_up(errand, TaskState.TIMED_OUT)
                return True
        return False

    def _give_up(self, errand: Errand, state: TaskState) -> None:
        """Finish a running errand although its thread goes on; that thread is lost."""
        worker = errand.runner
        errand.cancel_requested = True
        if worker is not None:
            worker.lost = True
            worker.errand = None
            self._aside -= worker.aside
            worker.aside = False
            self._workers.discard(worker)
            self._lost.add(worker)
            self._replaced += self.board.phase is not Phase.ENDED
        self.board.end(errand, RUNNING, state)
        self.grow()
        if self._active == 0 and not self._can_start:
            self.finish(f"{len(self._lost)} threads are stuck in tasks that timed out")

    # Waiting, which a task may do as well.

    def wait(
        self,
        condition: threading.Condition,
        ready: Callable[[], bool],
        seconds: float | None,
        errand: Errand | None = None,
    ) -> bool:
        """Wait until `ready()`; False when the seconds have passed. The lock is held.

        A thread that waits within a task steps aside: another may work in its place, so that
        tasks that wait for tasks do not use up the threads.

        Raises:
            WouldDeadlock: What it waits for waits for it, or no thread is left to do it.
        """
        timing = self.board.timing
        deadline = None if seconds is None else timing.monotonic() + seconds
        if ready():
            return True
        self.grow()  # Ctrl-C may have come between a submit and its thread
        if self.board.next_alarm() is not None:
            self._start_timer()
        worker = self.me
        if worker is not None:
            self._step_aside(worker, errand)
        try:
            while not ready():
                if deadline is not None and timing.monotonic() >= deadline:
                    return False
                timing.wait_until(condition, deadline)
            return True
        finally:
            if worker is not None:
                worker.awaits = None
                self._aside -= worker.aside
                worker.aside = False

    def _step_aside(self, worker: Runner, errand: Errand | None) -> None:
        link = errand
        while link is not None and link is not worker.errand:
            link = link.runner.awaits if link.runner is not None else None
        if link is not None and link is worker.errand:
            raise WouldDeadlock("a task waits for itself, or for one that waits for it")
        if worker.lost:
            raise TaskCancelled("the task was given up; it can wait for nothing")
        if self._active <= 1 and not self._can_start:
            raise WouldDeadlock(
                f"all {self._most} threads would wait for other tasks and none run them; "
                "a larger spare= allows more"
            )
        worker.awaits = errand
        worker.aside = True
        self._aside += 1
        self.grow()

    # Ending. The lock is held.

    def finish(self, why: str = "") -> None:
        """Take no more, cancel what is queued, ask what runs to give in."""
        self.board.finish(why)
        for worker in self._workers:
            if worker.errand is not None:
                worker.errand.cancel_requested = True

    def abandon(self) -> None:
        """Give up all that still runs."""
        for worker in list(self._workers):
            if worker.errand is not None:
                worker.errand.error = TaskCancelled("the dispatcher stopped without waiting longer")
                self._give_up(worker.errand, TaskState.CANCELLED)

    def leave_behind(self) -> None:
        """Count the threads that are left as lost: a callback holds them."""
        for worker in list(self._workers):
            worker.lost = True
            self._workers.discard(worker)
            self._lost.add(worker)

    def ended_threads(self) -> list[threading.Thread]:
        """Return the threads that have left, or are about to."""
        staying = {worker.thread for worker in self._workers | self._lost}
        return [thread for thread in self._threads if thread not in staying]

    def stuck(self) -> list[str]:
        """Return the names of the lost threads, in order."""
        return sorted(worker.thread.name for worker in self._lost)
