"""Worker processes as copies of this one, made before it has anything that a copy must not have."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawler.app.run.worker_count import early_count
from crawler.config.load import LoadedJob

if TYPE_CHECKING:
    from crawler.workers.process.forked_process import ForkedProcess


@contextmanager
def early_workers(loaded: LoadedJob, loop: str) -> Iterator[Sequence[ForkedProcess]]:
    """Make the worker processes of a job, as far as it is known by now that it will have some.

    To be called before the user's code is imported, a lock is held and an event loop is made. What
    is not used is ended.

    Args:
        loaded: The job.
        loop: Name of the event loop that they are to use.
    """
    count = early_count(loaded)
    if count == 1:
        yield ()
        return
    from crawler.app.run.worker_team import PROGRAM
    from crawler.workers.process.forked_process import fork_processes

    # What a worker imports it has from here.
    main = importlib.import_module(PROGRAM).main
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # or what waits here would be written by each
    made = fork_processes(count, lambda talk, alive: main(talk, alive, loop, loaded))
    try:
        yield made
    finally:
        for process in made:
            process.discard()
