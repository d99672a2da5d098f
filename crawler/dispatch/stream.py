"""A function over an iterable of any length: taken bit by bit, given back as it is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from crawler.dispatch.crew import Crew
from crawler.dispatch.errors import QueueFull
from crawler.dispatch.task import Task

T = TypeVar("T")
R = TypeVar("R")

#: Submits one item, waiting so many seconds for room; None is as long as it takes.
Submit = Callable[[T, "float | None"], Task[R]]


class Inbox(Generic[R]):
    """Finished tasks, in the order in which they finished."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._arrived = crew.board.new_condition()
        self._tasks: deque[Task[R]] = deque()

    def put(self, task: Task[R]) -> None:
        """Take a task that has finished; a done callback."""
        with self._crew.board.lock:
            self._tasks.append(task)
            self._arrived.notify()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def get(self) -> Task[R]:
        """Return the next task, and wait for it if there is none."""
        with self._crew.board.lock:
            self._crew.wait(self._arrived, lambda: bool(self._tasks), None)
            return self._tasks.popleft()


class AsCompleted(Generic[R]):
    """Tasks that are out, given back in the order in which they finish."""

    def __init__(self, crew: Crew) -> None:
        self._inbox: Inbox[R] = Inbox(crew)
        self._out: set[Task[R]] = set()

    def __len__(self) -> int:
        return len(self._out)

    def add(self, task: Task[R]) -> None:
        """Take a task that was just submitted."""
        self._out.add(task)
        task.add_done_callback(self._inbox.put)

    @property
    def has_next(self) -> bool:
        """`get` would not wait."""
        return bool(self._inbox)

    def get(self) -> Task[R]:
        """Return the next task, and wait for it if need be."""
        task = self._inbox.get()
        self._out.discard(task)
        return task

    def cancel(self) -> None:
        """Cancel what is out."""
        for task in list(self._out):
            task.cancel()


class InOrder(Generic[R]):
    """Tasks that are out, given back in the order in which they were submitted."""

    def __init__(self) -> None:
        self._out: deque[Task[R]] = deque()

    def __len__(self) -> int:
        return len(self._out)

    def add(self, task: Task[R]) -> None:
        """Take a task that was just submitted."""
        self._out.append(task)

    @property
    def has_next(self) -> bool:
        """`get` would not wait."""
        return bool(self._out) and self._out[0].finished

    def get(self) -> Task[R]:
        """Return the next task, and wait for it if need be."""
        self._out[0].wait()
        return self._out.popleft()

    def cancel(self) -> None:
        """Cancel what is out."""
        for task in list(self._out):
            task.cancel()


def stream(
    items: Iterable[T], submit: Submit[T, R], out: AsCompleted[R] | InOrder[R], ahead: int
) -> Iterator[Task[R]]:
    """Submit one task an item, and yield the tasks that have finished.

    At most `ahead` tasks are out. When the queue has no room, it waits for one of its own rather
    than for room, so that what it could yield is not held back.
    """
    source = iter(items)
    try:
        for item in source:
            task = _submit(item, submit, waits=not len(out))
            while task is None:
                yield out.get()
                task = _submit(item, submit, waits=not len(out))
            out.add(task)
            while out.has_next or len(out) >= ahead:
                yield out.get()
        while len(out):
            yield out.get()
    finally:
        out.cancel()


def _submit(item: T, submit: Submit[T, R], *, waits: bool) -> Task[R] | None:
    try:
        return submit(item, None if waits else 0)
    except QueueFull:
        return None
