"""Work for process slots: started before any socket is open, ended after everything else."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

from crawler.app.job.job_paths import JobPaths
from crawler.config.load import LoadedJob
from crawler.config.models.job import Job
from crawler.config.models.transform import PICTURE_STEPS

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
    files = items = None
    if has_file_work(job):
        from crawler.app.run.file_work import SlotFileWork

        files = SlotFileWork(loaded, paths)
        stack.push_async_callback(files.close)
        await files.start()
    if has_item_work(job):
        from crawler.app.run.transforming import Transforming, steps_of

        slots = files.slots if files is not None else None
        items = Transforming(loaded, steps_of(loaded), slots)
        stack.push_async_callback(items.close)
        await items.start()
    return SlotWork(items, files)


def has_file_work(job: Job) -> bool:
    """Tell whether a job does anything to its files but keep them."""
    if job.files is None:
        return False
    over_pictures = any(one.name in PICTURE_STEPS for one in job.transform.steps)
    return (
        job.files.verify == "decode"
        or over_pictures
        or (job.lists_files and bool(job.transform.steps))
    )


def has_item_work(job: Job) -> bool:
    """Tell whether a job does anything to its items before they are written."""
    over_items = any(one.name not in PICTURE_STEPS for one in job.transform.steps)
    return over_items and not job.lists_files
