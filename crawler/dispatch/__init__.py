"""A task centre: threads that take calls from a bounded queue, the most urgent first.

    from crawler.dispatch import Dispatcher, Retry

    with Dispatcher(workers=8, on_progress=lambda counts: print(counts.finished)) as dispatcher:
        task = dispatcher.submit(fetch, "https://example.org/", timeout=20, retries=Retry(times=2))
        for page in dispatcher.map(fetch, endless_urls(), ordered=False):
            ...
        print(task.result())

    assert dispatcher.counts.balanced       # leaving the block waited for every task

What to know:

* A thread cannot be killed. A task that runs too long is given up, its thread replaced; a function
  that may be long should look at `dispatcher.current_task().cancel_requested` now and then.
* Tasks may submit tasks and wait for them. A submit within a task never waits for room, and a task
  that waits lets another thread work in its place; when it goes on there may be a thread more
  than `workers` for a moment. Waits that could never end raise `WouldDeadlock`.
* Threads are daemons: a task that hangs does not keep the process from ending.

`SharedCounter` and `Counters` count from any thread, without a dispatcher.
"""

from __future__ import annotations

from crawler.dispatch.counters import Counters, SharedCounter
from crawler.dispatch.counts import Counts
from crawler.dispatch.dispatcher import Dispatcher
from crawler.dispatch.errand import TaskState
from crawler.dispatch.errors import (
    DispatchError,
    DispatcherStopped,
    QueueFull,
    TaskCancelled,
    TaskTimedOut,
    WorkerDied,
    WouldDeadlock,
)
from crawler.dispatch.retry import Retry
from crawler.dispatch.task import Task

__all__ = [
    "Counters",
    "Counts",
    "DispatchError",
    "Dispatcher",
    "DispatcherStopped",
    "QueueFull",
    "Retry",
    "SharedCounter",
    "Task",
    "TaskCancelled",
    "TaskState",
    "TaskTimedOut",
    "WorkerDied",
    "WouldDeadlock",
]
