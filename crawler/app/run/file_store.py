"""Where the files of a job go, as its config says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.policies import user_agent_of
from crawler.config.models.job import Job
from crawler.interfaces import FileWork
from crawler.policy.robots import product_token

if TYPE_CHECKING:
    from crawler.media.disk_files import DiskFiles


def file_store_of(job: Job, paths: JobPaths, work: FileWork | None = None) -> DiskFiles:
    """Return the store of a job that has `files`; whoever asked for it closes it.

    Raises:
        StateError: What is known of its files cannot be read.
    """
    # Most jobs have no use for it.
    from crawler.media.disk_files import DiskFiles
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
    return DiskFiles(shelf)
