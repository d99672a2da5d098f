"""One try of a task, in its worker's thread: the only place where the user's function runs."""

from __future__ import annotations

from typing import NamedTuple

from crawler.dispatch.errand import Errand, Runner, TaskState
from crawler.dispatch.errors import TaskCancelled, WorkerDied


class Answer(NamedTuple):
    """What came of a try.

    Attributes:
        state: How the task ends, if it is not tried again.
        value: What the function returned.
        error: What the task failed of.
        next_try: Seconds until it may be tried again; None is never.
        died: The function raised what ends a thread.
    """

    state: TaskState
    value: object = None
    error: BaseException | None = None
    next_try: float | None = None
    died: bool = False


def attempt(errand: Errand, worker: Runner) -> Answer:
    """Call the function; whatever it raises becomes part of the answer."""
    value, error = _call(errand)
    if error is None:
        return Answer(TaskState.DONE, value)
    if isinstance(error, TaskCancelled) and errand.cancel_requested:
        return Answer(TaskState.CANCELLED, error=error)
    if isinstance(error, Exception):
        return Answer(TaskState.FAILED, error=error, next_try=_next_try(errand, error))
    kind = type(error).__name__
    died = WorkerDied(f"the task ended thread {worker.thread.name} with {kind}")
    died.__cause__ = error
    return Answer(TaskState.FAILED, error=died, died=True)


def _call(errand: Errand) -> tuple[object, BaseException | None]:
    try:
        return errand.call(*errand.args), None
    except BaseException as error:  # noqa: BLE001 - user code: even SystemExit is its answer
        # Without this frame, which would tie the error to the errand that holds it.
        return None, error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)


def _next_try(errand: Errand, error: Exception) -> float | None:
    retry = errand.terms.retry
    if not isinstance(error, retry.on):
        return None
    if errand.waits is None:
        errand.waits = retry.waits()
    return next(errand.waits, None)
