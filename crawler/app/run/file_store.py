"""Where the files of a job go, as its config says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.policies import user_agent_of
from crawler.config.models.job import Job
from crawler.interfaces import Clock, FileWork
from crawler.observe.quantities import took
from crawler.outage import Outage
from crawler.policy.robots import product_token

if TYPE_CHECKING:
    from crawler.media.disk_files import DiskFiles


def file_store_of(
    job: Job, paths: JobPaths, work: FileWork | None, clock: Clock, outage: Outage
) -> DiskFiles:
    """Return the store of a job that has `files`; whoever asked for it closes it.

    Args:
        job: The job.
        paths: Where files, state and outputs are.
        work: What is made of each file; None for nothing.
        clock: The time.
        outage: Has those who wait for room on the disk.

    Raises:
        StateError: What is known of its files cannot be read.
    """
    # Most jobs have no use for it.
    from crawler.media.disk_files import DiskFiles
    from crawler.media.disk_room import DiskRoom
    from crawler.media.file_ledger import FileLedger
    from crawler.media.file_rules import RASTER, FileRules
    from crawler.media.file_shelf import FileShelf

    files = job.files
    assert files is not None  # else there is no store
    # Where items name files, `fetch.accept` is about pages.
    accept = (job.fetch.accept if job.lists_files else ()) or RASTER
    rules = FileRules(
        path=files.path, job=job.name, accept=accept,
        min_size=files.min_size, max_pixels=files.max_pixels, verify=files.verify,
        obey_noai=files.noai == "obey", token=product_token(user_agent_of(job)),
        max_body=job.fetch.max_body,
    )  # fmt: skip
    sync = job.run.durability == "power_loss"
    ledger = FileLedger(None if job.run.durability == "off" else paths.files, sync=sync)
    shelf = FileShelf(
        rules, paths.base, ledger, on_exists=files.on_exists,
        blocking=job.run.backend == "threads", sync=sync, work=work,
    )  # fmt: skip
    room = DiskRoom(
        paths.base / rules.fixed_part, _written_to(job, paths), files.min_free, clock=clock,
        outage=outage, patience=took(files.max_pause),
    )  # fmt: skip
    return DiskFiles(shelf, room)


def _written_to(job: Job, paths: JobPaths) -> tuple[Path, ...]:
    """Return the folders of state and outputs."""
    before = (one.path.replace("{name}", job.name).partition("{")[0] for one in job.output)
    outputs = {paths.base / one.rpartition("/")[0] for one in before}
    return (paths.state, *sorted(outputs))
