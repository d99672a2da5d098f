"""Work for process slots: started before any socket is open, ended after everything else."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

from crawler.app.job.job_paths import JobPaths
from crawler.config.load import LoadedJob

if TYPE_CHECKING:
    from crawler.app.run.file_work import SlotFileWork
    from crawler.app.run.transforming import Transforming
    from crawler.offload.slots import Slots


class SlotWork(NamedTuple):
    """What a job does in slots: over its items, or over the files that it downloads."""

    items: Transforming | None = None
    files: SlotFileWork | None = None

    @property
    def slots(self) -> Slots | None:
        """The slots, for whoever else has use for them; None if there are none yet."""
        work = self.items or self.files
        return work.slots if work is not None else None


async def start_slot_work(loaded: LoadedJob, paths: JobPaths, stack: AsyncExitStack) -> SlotWork:
    """Start what a job needs.

    Args:
        loaded: The job.
        paths: Its files.
        stack: Ends it.

    Raises:
        ConfigError: A function cannot be imported, or a library is missing.
    """
    job = loaded.job
    if job.files is not None:
        if job.files.verify != "decode" and not job.transform.steps:
            return SlotWork()
        from crawler.app.run.file_work import SlotFileWork

        files = SlotFileWork(loaded, paths)
        stack.push_async_callback(files.close)
        await files.start()
        return SlotWork(files=files)
    if not job.transform.steps:
        return SlotWork()
    from crawler.app.run.transforming import Transforming, steps_of

    transform = Transforming(loaded, steps_of(loaded))
    stack.push_async_callback(transform.close)
    await transform.start()
    return SlotWork(items=transform)
