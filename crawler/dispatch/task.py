"""What `submit` returns: a task that is watched, waited for and cancelled from any thread."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, cast

from crawler.dispatch.crew import Crew
from crawler.dispatch.errand import Errand, TaskState
from crawler.dispatch.errors import TaskCancelled

R_co = TypeVar("R_co", covariant=True)


class Task(Generic[R_co]):
    """One call that was submitted. Two handles of the same call are equal."""

    __slots__ = ("_crew", "_errand")

    def __init__(self, crew: Crew, errand: Errand) -> None:
        self._crew = crew
        self._errand = errand

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and other._errand is self._errand

    def __hash__(self) -> int:
        return hash(self._errand)

    def __repr__(self) -> str:
        return f"<Task {self._errand.order} {self._errand.state.name.lower()}>"

    @property
    def state(self) -> TaskState:
        """How it stands now."""
        return self._errand.state

    @property
    def finished(self) -> bool:
        """It ended, in whatever way."""
        return self._errand.state.finished

    @property
    def args(self) -> tuple[object, ...]:
        """What the function is called with."""
        return self._errand.args

    @property
    def key(self) -> Hashable:
        """The name it was submitted under, or None."""
        return self._errand.terms.key

    @property
    def priority(self) -> int:
        """Larger first."""
        return self._errand.terms.priority

    @property
    def attempts(self) -> int:
        """Tries begun so far."""
        return self._errand.attempts

    @property
    def cancel_requested(self) -> bool:
        """It should end: `cancel` was called, it timed out, or the dispatcher stops."""
        return self._errand.cancel_requested

    def check_cancelled(self) -> None:
        """Give in if the task should end; for the function itself, at points where it may.

        Raises:
            TaskCancelled: It should. Let it pass.
        """
        if self._errand.cancel_requested:
            raise TaskCancelled("the task was asked to end")

    def cancel(self) -> bool:
        """Cancel the task if no thread has it; else ask it to end.

        A running thread cannot be stopped from outside. Its function sees `cancel_requested`, and
        counts as cancelled if it then raises `TaskCancelled`; a result that it returns anyway
        counts as done. It is not tried again.

        Returns:
            True if it will certainly not run (any more): it was queued, or cancelled before.
        """
        errand = self._errand
        with self._crew.board.lock:
            if not errand.state.finished:
                errand.cancel_requested = True
            self._crew.board.end(errand, TaskState.QUEUED, TaskState.CANCELLED)
        self._crew.announcer.announce()
        return errand.state is TaskState.CANCELLED

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has finished; False when the seconds have passed.

        Raises:
            WouldDeadlock: Called within a task that this one waits for, or with no thread left.
        """
        errand = self._errand
        if errand.state.finished:
            return True
        with self._crew.board.lock:
            condition = errand.finished
            if condition is None:
                condition = errand.finished = self._crew.board.new_condition()
            return self._crew.wait(condition, lambda: errand.state.finished, timeout, errand)

    def result(self, timeout: float | None = None) -> R_co:
        """Wait for what the function returns.

        Raises:
            Exception: What the function raised on its last try, itself.
            TaskCancelled: It was cancelled.
            TaskTimedOut: It ran for too long and was given up.
            WorkerDied: It raised what ends a thread; the cause is that.
            TimeoutError: It has not finished within the seconds of this call.
        """
        error = self.exception(timeout)
        if error is None:
            return cast("R_co", self._errand.value)
        try:
            raise error
        finally:
            del error  # its traceback has this frame, which would have it in turn

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait, and return what `result` would raise, or None if it would not.

        Raises:
            TimeoutError: It has not finished within the seconds of this call.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"the task has not finished within {timeout} s")
        return self._errand.error

    def add_done_callback(self, callback: Callable[[Task[R_co]], object]) -> None:
        """Have a function called with the task once it has finished; at once if it has.

        It runs outside the lock, in the thread that ended the task. Keep it short and let it wait
        for nothing. An exception in it is logged and changes nothing.
        """
        with self._crew.board.lock:
            if self._errand.callbacks is not None:
                self._errand.callbacks.append(lambda: callback(self))
                return
        self._crew.announcer.call("a callback of a task", lambda: callback(self))
