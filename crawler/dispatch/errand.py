"""One call that was asked for, and how it stands. Changed under the board's lock only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from crawler.dispatch.lazy_heap import HeapEntry
from crawler.dispatch.retry import Retry


class TaskState(IntEnum):
    """How a task stands; a task that waits for its next try is queued."""

    NEW = 0
    QUEUED = 1
    RUNNING = 2
    DONE = 3
    FAILED = 4
    CANCELLED = 5
    TIMED_OUT = 6

    @property
    def finished(self) -> bool:
        """Nothing more will happen."""
        return self >= TaskState.DONE


@dataclass(eq=False, slots=True)
class Terms:
    """How a task is to be run.

    Attributes:
        priority: Larger first.
        timeout: Seconds that one try may run; None is for ever.
        retry: What happens when it raises.
        key: Names the task while it is not finished; None is no name.
    """

    priority: int = 0
    timeout: float | None = None
    retry: Retry = field(default_factory=lambda: Retry(times=0))
    key: Hashable = None


@dataclass(eq=False, slots=True)
class Errand:
    """One call: what to do, and what came of it.

    Attributes:
        order: Its number, from 1, which decides among equal priorities.
        waits: Seconds before each further try; None until the first one failed.
        callbacks: To be called when it has finished; None once they were.
        finished: Those who wait for the end; None while nobody does.
        place: In the ready queue, if it is there.
        alarm: Its time-out, or the end of its wait for the next try.
        runner: The worker that runs it.
    """

    call: Callable[..., object]
    args: tuple[object, ...]
    terms: Terms
    order: int
    state: TaskState = TaskState.NEW
    value: object = None
    error: BaseException | None = None
    attempts: int = 0
    cancel_requested: bool = False
    waits: Iterator[float] | None = None
    callbacks: list[Callable[[], object]] | None = field(default_factory=list)
    finished: threading.Condition | None = None
    place: HeapEntry[Errand] | None = None
    alarm: HeapEntry[Errand] | None = None
    runner: Runner | None = None


@dataclass(eq=False, slots=True)
class Runner:
    """A worker thread, as the crew keeps it.

    Attributes:
        errand: What it runs now.
        awaits: The errand that its own waits for.
        idle: It waits for something to take, or is just starting.
        aside: Its errand waits for another; it does not count as working meanwhile.
        lost: Its errand was given up; whatever it brings is dropped, and then it ends.
    """

    thread: threading.Thread
    errand: Errand | None = None
    awaits: Errand | None = None
    idle: bool = True
    aside: bool = False
    lost: bool = False
