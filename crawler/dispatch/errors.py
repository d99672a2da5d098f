"""What a dispatcher, or one of its tasks, can raise.

DispatchError
    DispatcherStopped   it takes no more tasks
    QueueFull           no room within the seconds that were given
    WouldDeadlock       the wait that was asked for could never end
    TaskCancelled       the task was cancelled; also what a task raises to give in
    TaskTimedOut        the task ran longer than it may, and was given up
    WorkerDied          the task ended its thread; the cause is what it raised
"""

from __future__ import annotations

from crawler.errors import CrawlerError


class DispatchError(CrawlerError):
    """Root of what a dispatcher raises of itself; what a task raises stays as it is."""


class DispatcherStopped(DispatchError):
    """The dispatcher is stopping, or has stopped, and takes no more tasks."""


class QueueFull(DispatchError):
    """The queue had no room within the seconds that `submit` was told to wait."""


class WouldDeadlock(DispatchError):
    """A task asked to wait for something that cannot happen while it waits."""


class TaskCancelled(DispatchError):
    """The task was cancelled.

    Raised by a running task that was asked to end, it makes the task count as cancelled.
    """


class TaskTimedOut(DispatchError):
    """The task ran longer than its time-out; its thread is left to itself."""


class WorkerDied(DispatchError):
    """The task raised what ends a thread (SystemExit, say); `__cause__` has it."""
